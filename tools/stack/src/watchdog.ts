import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { Socket } from "node:net";

export interface WatchedOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard input, output and error. */
  readonly stdio: readonly [StdioOption, StdioOption, StdioOption];
  /** Milliseconds between SIGTERM and SIGKILL when this process ends first, rounded up to seconds. */
  readonly graceMs: number;
}

type StdioOption = "ignore" | "pipe" | number;

/** A process in a group of its own, which ends when this process ends, however that happens. */
export interface Watched {
  readonly child: ChildProcess;
  /** From now on the group may outlive this process. Safe to call twice. */
  release(): void;
}

// The shell leaves a watchdog behind and becomes the command, so there is no moment in which the command runs unwatched, and
// its process id is the shell's. The watchdog is not a child of the command, which would have to wait for it. It is in the same
// group, whose number no other group can get while it is there. On descriptor 3 a line means "released"; end of file means that the parent
// is gone, kill -9 included, because the kernel then closes its end. POSIX sh, since dash knows no `kill -- -pid`.
const SCRIPT = `
left=$1; shift
( (
  trap '' TERM
  if read -r _; then exit 0; fi
  kill -TERM "-$$"
  while [ "$left" -gt 0 ] && kill -0 "$$"; do
    sleep 1
    left=$((left - 1))
  done
  kill -KILL "-$$"
) <&3 >/dev/null 2>&1 & )
exec "$@" 3<&-
`;

/** Starts a command that ends with this process. One that cannot be executed ends with exit code 126 or 127. */
export function spawnWatched(
  command: string,
  args: readonly string[],
  { env, cwd, stdio, graceMs }: WatchedOptions,
): Watched {
  const all: StdioOptions = [...stdio, "pipe"];
  const grace = String(Math.ceil(graceMs / 1000));
  const child = spawn("/bin/sh", ["-c", SCRIPT, "watchdog", grace, command, ...args], {
    // Its own session: Ctrl-C in a terminal reaches every process of the foreground group, and must not reach this one.
    detached: true,
    stdio: all,
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  const leash = child.stdio[3];
  if (!(leash instanceof Socket)) throw new TypeError("unreachable");
  // EPIPE, when the watchdog has gone with its group.
  leash.on("error", () => {});
  leash.unref();

  let released = false;
  return {
    child,
    release() {
      if (released) return;
      released = true;
      leash.end("released\n");
    },
  };
}
