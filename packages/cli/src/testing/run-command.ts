import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How the command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Runs `pyisolate` as a user does, in a process of its own. @param node Options of Node itself. @param input Standard input. */
export async function runCommand(
  args: readonly string[],
  {
    cwd,
    node = [],
    input = "",
  }: {
    readonly cwd?: string;
    readonly node?: readonly string[];
    readonly input?: string;
  } = {},
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(
    process.execPath,
    [...node, MAIN, ...args],
    { ...(cwd !== undefined && { cwd }), timeout: 120_000, maxBuffer: 4 * 1024 * 1024 },
    (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    },
  );
  child.stdin?.end(input);
  return await promise;
}
