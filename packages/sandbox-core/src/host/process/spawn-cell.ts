import { type ChildProcess, spawn } from "node:child_process";

import { CONFINED } from "../../frames.ts";
import { CELL_STACK_KIB } from "../../stack-sizes.ts";
import type { Confined } from "../../kernel/confinement.ts";
import { CELL_MAIN, isolateAddon } from "./cell-files.ts";
import { CELL_MARK } from "./cell-mark.ts";
import { startFailure } from "./start-failure.ts";

/** The host's time zone: a cell that may not read `/etc/localtime` would be in UTC. */
const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();

/**
 * Starts the process of a cell, confined where it is told how.
 *
 * @throws CellStartError where the system does not even let it be tried.
 */
export function spawnCell(
  mark: string,
  supervisorMark: string,
  confined: Confined | undefined,
): ChildProcess {
  let child: ChildProcess;
  try {
    const program = [`--stack-size=${CELL_STACK_KIB}`, CELL_MAIN, isolateAddon()];
    const [file, ...args] =
      confined === undefined
        ? [process.execPath, ...program]
        : confined.confinement.command(confined.plan, [...program, CONFINED]);
    child = spawn(file, args, {
      cwd: "/",
      // Nothing of the host's environment. An empty OPENSSL_CONF keeps Node from reading the system's.
      env: {
        OPENSSL_CONF: "",
        TZ: timeZone,
        [CELL_MARK]: mark,
        PYISOLATE_SUPERVISOR: supervisorMark,
      },
      // Leads a group of its own: killed whole, and not hit by a Ctrl-C that is meant for the host.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw startFailure(`could not be started (${code ?? String(error)})`, { code, cause: error });
  }
  // Where there is no descriptor left, Node makes no pipes, and tells why later.
  if ((child.stdio as unknown) === undefined) {
    child.on("error", () => undefined);
    throw startFailure("could not be started (EMFILE)", { code: "EMFILE" });
  }
  return child;
}
