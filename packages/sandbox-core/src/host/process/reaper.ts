import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";

import { outsideOfCalls } from "../caller-context.ts";

/**
 * Waits for the end of its standard input, which the kernel closes however the host dies. Then kills every process that carries
 * the mark, each with its group, until two passes in a row find none. Needed because a cell that spins cannot notice that its
 * host is gone.
 */
const SCRIPT = `
while read -r line; do :; done
group() { set -- \${1##*") "}; [ "\${3:-0}" -gt 1 ] && kill -9 "-$3" 2>/dev/null; }
round=0
empty=0
while [ "$round" -lt 100 ] && [ "$empty" -lt 2 ]; do
  found=
  for environ in $(grep -lsaF "PYISOLATE_SUPERVISOR=$1" /proc/[0-9]*/environ); do
    pid=\${environ#/proc/}
    pid=\${pid%/environ}
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null && group "$stat" && found=1
    kill -9 "$pid" 2>/dev/null && found=1
  done
  if [ -n "$found" ]; then empty=0; sleep 0.02; else empty=$((empty + 1)); fi
  round=$((round + 1))
done
`;

/** Most shells started in a row if each is killed from outside. */
const MAX_RESTARTS = 5;

/** A process that outlives the host just long enough to kill its children. One shell serves a whole supervisor. */
export class Reaper {
  readonly mark = randomBytes(12).toString("hex");
  #shell: ChildProcess | undefined;
  #restarts = 0;
  #closing = false;

  /** Starts the shell. Idempotent; must be called before the first cell process. */
  watch(): void {
    if (this.#shell === undefined) outsideOfCalls(() => this.#start());
  }

  #start(): void {
    const shell = spawn("/bin/sh", ["-c", SCRIPT, "pyisolate-reaper", this.mark], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      // Give the shell its own session, so that a signal which ends the host's group does not end the reaper first.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#shell = shell;
    shell.on("error", (error) => warn(`/bin/sh did not start (${error.message})`));
    shell.on("exit", () => {
      if (this.#closing) return;
      this.#restarts += 1;
      if (this.#restarts <= MAX_RESTARTS) this.#start();
      else warn(`/bin/sh was ended ${this.#restarts} times`);
    });
    const input = shell.stdin as (Writable & { unref?: () => void }) | null;
    input?.on("error", () => undefined);
    input?.unref?.();
    shell.unref();
  }

  /** Resolves when no marked process is left. */
  async close(): Promise<void> {
    this.#closing = true;
    const shell = this.#shell;
    if (shell?.pid === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
    const ended = Promise.withResolvers<void>();
    shell.once("exit", () => ended.resolve());
    shell.ref();
    shell.stdin?.end();
    await ended.promise;
  }
}

function warn(why: string): void {
  process.emitWarning(`cells may outlive a killed host: ${why}`, "PyIsolateWarning");
}
