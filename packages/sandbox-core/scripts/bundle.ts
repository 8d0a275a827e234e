import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { Duplex } from "node:stream";

import { build, type BuildOptions } from "esbuild";

import { codeCache } from "../src/cell/main-script.ts";
import { encodeClone } from "../src/clone/structured-clone.ts";
import { encodeExec, encodeJson, Frame } from "../src/frames.ts";
import { isolateAddon } from "../src/host/process/cell-files.ts";

// Makes of the cell's code what a cell loads: a file for its main thread with its compiled form, one that loads both, one for the thread
// that runs commands, and the parsers, which most programs do not need. Nothing else is read at run time, so that a confined cell can be
// given these files and no folder; and one file loads in a fraction of the time of sixty. Run after tsc, by `pnpm build`.

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

for (const room of ["boot", "main", "commands/command-thread"]) {
  const name = path.basename(room);
  const outfile = path.join(output, `${name}.cjs`);
  await build({
    ...options,
    entryPoints: [path.join(root, `src/cell/${room}.ts`)],
    outfile,
    alias: { "isolated-vm": "./src/cell/addon.ts" },
    define: { "import.meta.url": "__url" },
    // `pathToFileURL` walks the path by characters, often enough in each start that V8 begins to optimise that.
    banner: {
      js: 'const __url = "file://" + encodeURI(__filename).replace(/[?#]/g, encodeURIComponent);',
    },
    // That the package's modules do nothing but give names is true for its users; the cell's first import sets a flag.
    ignoreAnnotations: true,
    // The guest's runtime is made of functions' source text: nothing is renamed or rewritten.
    minify: false,
  });
  await mustBeAscii(outfile);
}

/** For one other character, a comment's included, V8 holds and scans the whole text in two bytes for each character, in every cell. */
async function mustBeAscii(file: string): Promise<void> {
  const lines = (await readFile(file, "latin1")).split("\n");
  const found = lines.find((line) => /[^\0-\x7f]/.test(line));
  if (found !== undefined)
    throw new Error(`${path.basename(file)} must be ASCII, its comments too: ${found.trim()}`);
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

await compile(path.join(output, "main.cjs"));

/** Starts the cell, runs a program in it as a host does, and has it write down what was compiled for that. */
async function compile(main: string): Promise<void> {
  for (const file of [codeCache(main), path.join(output, "guest.cache")])
    await rm(file, { force: true });
  const cell = spawn(
    process.execPath,
    [path.join(root, "scripts/warm-cell.ts"), isolateAddon(), main],
    { stdio: ["ignore", "inherit", "inherit", "pipe", "pipe"] },
  );
  const channel = cell.stdio[4] as Duplex;
  const limits = { cpuMs: 10_000, wallMs: 10_000, outputBytes: 1024 };
  for (const frame of [
    encodeJson(Frame.start, 0, { memoryMib: 64, ca: null }),
    encodeExec(1, encodeClone({ source: "1 + 1", ...limits }), new Uint8Array()),
  ]) {
    channel.write(frame);
    await once(channel, "data");
  }
  channel.end();
  const [code] = (await once(cell, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the cell that compiles its code ended with ${code}`);
}
