import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";

/**
 * Waits for its standard input to end, which the kernel sees to however the host dies, then kills all that carries the mark.
 * A cell that spins cannot see for itself that its host is gone.
 */
const SCRIPT = `
cat >/dev/null
for round in 1 2 3 4 5; do
  found=
  for environ in $(grep -lsaF "PYISOLATE_SUPERVISOR=$1" /proc/[0-9]*/environ); do
    pid=\${environ#/proc/}
    kill -9 "\${pid%/environ}" 2>/dev/null && found=1
  done
  [ -n "$found" ] || exit 0
done
`;

/** The process that outlives the host just long enough to leave no child of it behind. One shell for a whole supervisor. */
export class Reaper {
  readonly mark = randomBytes(12).toString("hex");
  #shell: ChildProcess | undefined;

  /** Idempotent; called before the first cell process. */
  watch(): void {
    if (this.#shell !== undefined) return;
    const shell = spawn("/bin/sh", ["-c", SCRIPT, "pyisolate-reaper", this.mark], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      // Its own session: what ends the host's group shall not end the reaper first.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    shell.on("error", (error) => {
      process.emitWarning(`cells may outlive a killed host: /bin/sh did not start (${error.message})`, "PyIsolateWarning");
    });
    const input = shell.stdin as Writable & { unref?: () => void };
    input.on("error", () => undefined);
    shell.unref();
    input.unref?.();
    this.#shell = shell;
  }

  /** Resolves when nothing marked is left. */
  async close(): Promise<void> {
    const shell = this.#shell;
    if (shell === undefined || shell.pid === undefined || shell.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => shell.once("exit", () => resolve()));
    shell.ref();
    shell.stdin?.end();
    await ended;
  }
}
