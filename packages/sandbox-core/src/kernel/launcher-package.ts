import { createRequire } from "node:module";
import { arch } from "node:os";
import { dirname, join } from "node:path";

/** The optional package that has the launcher and the addons of a cell for this machine. */
export const LAUNCHER_PACKAGE = `@pyisolate/launcher-linux-${arch()}`;

/**
 * The path of a program or addon of that package. Whether it is there is not looked at.
 *
 * @throws Error if the package is not installed.
 */
export function launcherFile(name: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${LAUNCHER_PACKAGE}/package.json`);
  return join(dirname(manifest), "bin", name);
}
