import { accessSync, constants, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { launcherFile } from "../../kernel/launcher-package.ts";

/** The bundle, beside the compiled code that this is part of: `scripts/bundle.ts` makes it. */
const bundled = (file: string): string =>
  fileURLToPath(new URL(`../../bundle/${file}`, import.meta.url));

/** What a cell process starts with. */
export const CELL_MAIN = bundled("boot.cjs");

/** The part of node-gyp-build that isolated-vm's own entry uses to find its addon for this system. */
interface NodeGypBuild {
  path(folder: string): string;
}

let addon: string | undefined;

/** The path of isolated-vm's addon for this Node. The host itself does not load it. Throws if there is none. */
export function isolateAddon(): string {
  if (addon !== undefined) return addon;
  const manifest = createRequire(import.meta.url).resolve("isolated-vm/package.json");
  const find = createRequire(manifest)("node-gyp-build") as NodeGypBuild;
  return (addon = find.path(dirname(manifest)));
}

let stack: string | undefined;

/**
 * The path of the addon that gives a cell's own code its stack, from the launcher's package; empty if there is none that can be
 * loaded. Cells start with `--stack-size` then, which makes V8 compile some of Node's modules at each start: 5 ms more.
 */
export function stackAddon(): string {
  return (stack ??= launcherAddon("pyisolate-stack.node"));
}

let narrow: string | undefined;

/** The path of the addon by which a confined cell becomes narrower, from the same package; empty if there is none. */
export function narrowAddon(): string {
  return (narrow ??= launcherAddon("pyisolate-narrow.node"));
}

function launcherAddon(name: string): string {
  try {
    const file = launcherFile(name);
    // On a file system that is mounted noexec, no process can load it.
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return "";
  }
}

/** The cell's code and the guest's in compiled form. A cell runs without them, and starts more slowly. */
const COMPILED = ["main.cache", "guest.cache"].map(bundled);

/** The files of its own code that a cell reads, besides the addon. */
export const CELL_FILES = [
  ...[
    "boot.cjs",
    "main.cjs",
    "command-thread.cjs",
    "acorn.cjs",
    "acorn-walk.cjs",
    "guest-library.txt",
  ].map(bundled),
  ...COMPILED.filter((path) => existsSync(path)),
];
