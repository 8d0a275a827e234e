import path from "node:path";

/**
 * The pnpm that runs this script, as a command and its first arguments; where none does, pnpm 12 by npx.
 *
 * @param execPath the value of `npm_execpath`, which pnpm sets for its scripts: its own executable, or a script of it.
 * npm and npx set it too, to themselves.
 */
export function pnpmCommand(
  execPath: string | undefined = process.env["npm_execpath"],
): [command: string, ...args: string[]] {
  if (execPath === undefined || !path.basename(execPath).startsWith("pnpm")) {
    return ["npx", "-y", "pnpm@12"];
  }
  return /\.[cm]?js$/.test(execPath) ? [process.execPath, execPath] : [execPath];
}
