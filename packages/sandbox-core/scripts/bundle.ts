import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { build, type BuildOptions } from "esbuild";

// Makes of the cell's code what a cell loads: a file for its main thread, one for the thread that runs commands, and the parsers, which
// most programs do not need. Nothing else is read at run time, so that a confined cell can be given these files and no folder; and one
// file loads in a fraction of the time of sixty. Run after tsc, by `pnpm build`.

const root = path.resolve(import.meta.dirname, "..");
const output = path.join(root, "dist/bundle");

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  // A .cjs file: for every other, Node looks for a package.json in the folders above.
  format: "cjs",
  target: "node24",
  logLevel: "warning",
};

for (const room of ["main", "commands/command-thread"]) {
  const name = path.basename(room);
  await build({
    ...options,
    entryPoints: [path.join(root, `src/cell/${room}.ts`)],
    outfile: path.join(output, `${name}.cjs`),
    alias: { "isolated-vm": "./src/cell/addon.ts" },
    define: { "import.meta.url": "__url" },
    banner: { js: 'const __url = require("node:url").pathToFileURL(__filename).href;' },
    // That the package's modules do nothing but give names is true for its users; the cell's first import sets a flag.
    ignoreAnnotations: true,
    // The guest's runtime is made of functions' source text: nothing is renamed or rewritten.
    minify: false,
  });
}

const require = createRequire(import.meta.url);
for (const name of ["acorn", "acorn-walk"]) {
  const folder = path.dirname(require.resolve(`${name}/package.json`));
  const license = await readFile(path.join(folder, "LICENSE"), "utf8");
  await build({
    ...options,
    entryPoints: [name],
    outfile: path.join(output, `${name}.cjs`),
    minify: true,
    banner: { js: `/*! ${name}\n${license.trim()}\n*/` },
  });
}
