import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** What the import statements of one source file name, types included. */
export interface FileImports {
  /** Relative to the folder that was read. */
  readonly file: string;
  /** Other packages, without a path below them. */
  readonly packages: readonly string[];
  /** Files of the same folder, relative to it. */
  readonly files: readonly string[];
}

/** What the sources below a folder import. Tests, what they share in `testing/`, and Node's own modules are left out. */
export async function importsBelow(folder: string): Promise<FileImports[]> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter(
    (file) => file.endsWith(".ts") && !/\.test\.ts$|^testing\//.test(file),
  );
  return await Promise.all(
    files.toSorted().map(async (file) => {
      const specifiers = specifiersIn(await readFile(path.join(folder, file), "utf8"));
      return { file, packages: packagesIn(specifiers), files: filesIn(specifiers, file) };
    }),
  );
}

// At the start of a line, so that guest programs and examples in comments do not count; `import(…)` anywhere.
const STATEMENT =
  /^(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

function specifiersIn(source: string): string[] {
  return [...source.matchAll(STATEMENT)].map(
    ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "",
  );
}

function packagesIn(specifiers: readonly string[]): string[] {
  const foreign = specifiers.filter((name) => !name.startsWith(".") && !name.startsWith("node:"));
  return [...new Set(foreign.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name))];
}

function filesIn(specifiers: readonly string[], file: string): string[] {
  const own = specifiers.filter((name) => name.startsWith("."));
  return own.map((name) => path.join(path.dirname(file), name));
}
