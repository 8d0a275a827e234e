import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { buildSync } from "esbuild";

type Package = typeof import("@pyisolate/sandbox-core");

/** The built package, in whose place of the cell something else runs. */
export interface PackageCopy extends Disposable {
  readonly folder: string;
  readonly load: () => Promise<Package>;
}

/** @param cell The file that runs in place of the cell's bundle. */
export function packageCopy(cell: string): PackageCopy {
  const built = path.dirname(fileURLToPath(import.meta.resolve("@pyisolate/sandbox-core")));
  const folder = mkdtempSync(path.join(tmpdir(), "pyisolate-taken-"));
  cpSync(built, path.join(folder, "dist"), {
    recursive: true,
    // Only an editor and a debugger read these: three quarters of the files.
    filter: (file) => !/\.(?:map|d\.ts)$/.test(file),
  });
  symlinkSync(path.join(built, "../node_modules"), path.join(folder, "node_modules"));
  cpSync(path.join(built, "../package.json"), path.join(folder, "package.json"));
  // One file without types, as the cell's own is: a process that strips eight files of theirs takes five times as long to start.
  buildSync({
    entryPoints: [cell],
    outfile: path.join(folder, "dist/bundle/main.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    allowOverwrite: true,
    logLevel: "warning",
  });
  return {
    folder,
    load: async () =>
      (await import(pathToFileURL(path.join(folder, "dist/index.js")).href)) as Package,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
