import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { pnpmCommand } from "../tools/packaging/src/pnpm-command.ts";

/** The folders under packages/ whose packages a program imports, in the order of their dependencies. */
export const LIBRARIES = ["policy", "sandbox-core", "telemetry"] as const;

/** These and the command: all that is published but the launchers, in the order of their dependencies. */
export const PUBLISHED = [...LIBRARIES, "cli"] as const;
export type Published = (typeof PUBLISHED)[number];

/** The launchers that have been run: each is a program and no code, in a package of its own. */
export const LAUNCHERS = ["launcher-linux-x64"] as const;

/** The repository's root. */
export const ROOT = path.resolve(import.meta.dirname, "..");

/** Packs one package as it would be published, `workspace:` and `catalog:` replaced, and gives the tarball's path. */
export async function packTarball(
  name: Published | (typeof LAUNCHERS)[number] | "launcher-linux-arm64",
  folder: string,
): Promise<string> {
  const [command, ...first] = pnpmCommand();
  await promisify(execFile)(command, [...first, "pack", "--pack-destination", folder], {
    cwd: path.join(ROOT, "packages", name),
  });
  const file = (await readdir(folder)).find((entry) => entry.startsWith(`pyisolate-${name}-`));
  if (file === undefined) throw new Error(`pnpm pack of ${name} left no tarball in ${folder}`);
  return path.join(folder, file);
}
