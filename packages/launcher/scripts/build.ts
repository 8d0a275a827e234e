import { readdir, stat } from "node:fs/promises";
import { arch } from "node:os";
import path from "node:path";

import { type Architecture, ARCHITECTURES, compile } from "./compile.ts";

// Builds the launcher for the architectures that are named, or for this machine's, into the package that carries it:
//   node packages/launcher/scripts/build.ts [x64] [arm64]
// A C compiler and the kernel's headers are all it needs (Debian: gcc and linux-libc-dev). CC names another compiler.

const SOURCES = path.resolve(import.meta.dirname, "../src");
const named = process.argv.slice(2);

for (const wanted of named.length > 0 ? named : [arch()]) {
  const architecture = ARCHITECTURES.find((known) => known === wanted);
  if (architecture !== undefined) await build(architecture);
  else
    console.warn(
      `There is no launcher for ${wanted}; there is one for ${ARCHITECTURES.join(" and ")}.`,
    );
}

async function build(architecture: Architecture): Promise<void> {
  const program = path.resolve(
    import.meta.dirname,
    `../../launcher-linux-${architecture}/bin/pyisolate-launcher`,
  );
  const sources = (await readdir(SOURCES))
    .filter((file) => /\.[ch]$/.test(file))
    .map((file) => path.join(SOURCES, file));
  if (await isNewer(program, [...sources, path.join(import.meta.dirname, "compile.ts")])) return;
  const units = sources.filter((file) => file.endsWith(".c"));
  if (await compile(units, program, architecture)) return;
  const message = `The launcher for ${architecture} is not built: there is no C compiler for it (install gcc, or set CC). Without it, cells are not confined by the kernel.`;
  // Asked for by name, it is needed: a package is not packed without its program.
  if (named.length > 0) throw new Error(message);
  console.warn(message);
}

async function isNewer(program: string, inputs: readonly string[]): Promise<boolean> {
  const built = await stat(program).catch(() => undefined);
  if (built === undefined) return false;
  const changed = await Promise.all(inputs.map(async (input) => (await stat(input)).mtimeMs));
  return changed.every((time) => time < built.mtimeMs);
}
