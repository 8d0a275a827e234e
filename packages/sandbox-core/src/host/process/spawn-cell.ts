import { type ChildProcess, spawn } from "node:child_process";

import { CONFINED } from "../../frames.ts";
import { CELL_STACK_KIB } from "../../stack-sizes.ts";
import type { Confined } from "../../kernel/confinement.ts";
import { CELL_MAIN, isolateAddon, narrowAddon, stackAddon } from "./cell-files.ts";
import { CELL_MARK } from "./cell-mark.ts";
import { startFailure } from "./start-failure.ts";

/** The host's time zone, for the cell: one that may not read `/etc/localtime` would use UTC. */
const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();

/** Node's options, and what it runs. */
function cellProgram(): string[] {
  const stack = stackAddon();
  return [
    ...(stack === "" ? [`--stack-size=${CELL_STACK_KIB}`] : []),
    // Without it, SIGUSR1 would open a debugger in the cell, and a thread would wait for that.
    "--disable-sigusr1",
    CELL_MAIN,
    isolateAddon(),
    stack,
  ];
}

/**
 * Starts the process of a cell; confined, if `launch` says how.
 *
 * @throws CellStartError if the system refuses to start a process.
 */
export function spawnCell(
  mark: string,
  supervisorMark: string,
  confined: Confined | undefined,
): ChildProcess {
  let child: ChildProcess;
  try {
    const program = cellProgram();
    const [file, ...args] =
      confined === undefined
        ? [process.execPath, ...program]
        : confined.confinement.command(confined.plan, [...program, CONFINED, narrowAddon()]);
    child = spawn(file, args, {
      cwd: "/",
      // Pass on nothing of the host's environment. An empty OPENSSL_CONF keeps Node from reading the system's file.
      env: {
        OPENSSL_CONF: "",
        TZ: timeZone,
        [CELL_MARK]: mark,
        PYISOLATE_SUPERVISOR: supervisorMark,
      },
      // Make the cell the leader of its own group, so that it can be killed as a whole, and a Ctrl-C for the host does not reach
      // it.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw startFailure(`could not be started (${code ?? String(error)})`, { code, cause: error });
  }
  // Without a free descriptor, Node makes no pipes and reports the reason later, in an event.
  if ((child.stdio as unknown) === undefined) {
    child.on("error", () => undefined);
    throw startFailure("could not be started (EMFILE)", { code: "EMFILE" });
  }
  return child;
}
