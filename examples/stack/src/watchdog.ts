import { spawn } from "node:child_process";
import { Socket } from "node:net";

/** Ends a process group when this process ends, however that happens. */
export interface Watchdog {
  /** From now on the group may outlive this process. Safe to call twice. */
  release(): void;
}

// A line on standard input means "released"; end of file means that the parent is gone, kill -9 included, because the
// kernel then closes its end of the pipe. POSIX sh, since dash knows no `kill -- -pid`.
const SCRIPT = `
if read -r _; then exit 0; fi
kill -TERM "-$1" 2>/dev/null || exit 0
left=$2
while [ "$left" -gt 0 ]; do
  sleep 1
  kill -0 "-$1" 2>/dev/null || exit 0
  left=$((left - 1))
done
kill -KILL "-$1" 2>/dev/null
`;

/**
 * Watches over a process group that this process leads by a pipe rather than by signals.
 *
 * @param group The leader's process id; it must have been spawned `detached`.
 * @param graceMs Between SIGTERM and SIGKILL, rounded up to seconds.
 */
export function watch(group: number, graceMs: number): Watchdog {
  const shell = spawn(
    "/bin/sh",
    ["-c", SCRIPT, "watchdog", String(group), String(Math.ceil(graceMs / 1000))],
    {
      // Its own session: Ctrl-C in a terminal reaches every process of the foreground group, and must not reach this one.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  // A machine without /bin/sh loses this net, not its servers.
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();

  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      shell.stdin.end("released\n");
    },
  };
}
