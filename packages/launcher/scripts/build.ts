import { readdir, stat } from "node:fs/promises";
import { arch } from "node:os";
import path from "node:path";

import { type Architecture, ARCHITECTURES, compile } from "./compile.ts";

// Builds the launcher and the two addons of a cell for the architectures that are named, or for this machine's, into the package that carries them:
//   node packages/launcher/scripts/build.ts [x64] [arm64]
// A C compiler and the kernel's headers are all it needs (Debian: gcc and linux-libc-dev). CC names another compiler.

const SOURCES = path.resolve(import.meta.dirname, "../src");
/** `folder`: all of its sources are part of it. `shared`: these of the launcher's too. */
const PARTS = [
  { kind: "program", file: "pyisolate-launcher", folder: ".", shared: [] },
  { kind: "addon", file: "pyisolate-stack.node", folder: "stack", shared: [] },
  {
    kind: "addon",
    file: "pyisolate-narrow.node",
    folder: "narrow",
    shared: ["landlock.c", "plan.c", "words.c"],
  },
] as const;
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
  const folder = path.resolve(import.meta.dirname, `../../launcher-linux-${architecture}/bin`);
  for (const { kind, file, folder: of, shared } of PARTS) {
    const program = path.join(folder, file);
    const own = await filesOf(path.join(SOURCES, of));
    const inputs = [
      ...own,
      ...(await filesOf(SOURCES)),
      path.join(import.meta.dirname, "compile.ts"),
    ];
    if (await isNewer(program, inputs)) continue;
    const units = [
      ...own.filter((name) => name.endsWith(".c")),
      ...shared.map((name) => path.join(SOURCES, name)),
    ];
    if (await compile(units, program, architecture, kind)) continue;
    const message = `The launcher for ${architecture} is not built: there is no C compiler for it (install gcc, or set CC). Without it, cells are not confined by the kernel.`;
    // Asked for by name, it is needed: a package is not packed without its program.
    if (named.length > 0) throw new Error(message);
    console.warn(message);
    return;
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /\.[ch]$/.test(name)).map((name) => path.join(folder, name));
}

async function isNewer(program: string, inputs: readonly string[]): Promise<boolean> {
  const built = await stat(program).catch(() => undefined);
  if (built === undefined) return false;
  const changed = await Promise.all(inputs.map(async (input) => (await stat(input)).mtimeMs));
  return changed.every((time) => time < built.mtimeMs);
}
