import { type ChildProcess, spawn } from "node:child_process";

import { CELL_STACK_KIB } from "../stack-sizes.ts";
import { CELL_MAIN, isolateAddon } from "./cell-files.ts";
import { CELL_MARK } from "./cell-mark.ts";
import { startFailure } from "./start-failure.ts";

/**
 * Starts the process of a cell.
 *
 * @throws CellStartError where the system does not even let it be tried.
 */
export function spawnCell(mark: string, supervisorMark: string): ChildProcess {
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [`--stack-size=${CELL_STACK_KIB}`, CELL_MAIN, isolateAddon()], {
      cwd: "/",
      // Nothing of the host's environment. An empty OPENSSL_CONF keeps Node from reading the system's.
      env: { OPENSSL_CONF: "", [CELL_MARK]: mark, PYISOLATE_SUPERVISOR: supervisorMark },
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
