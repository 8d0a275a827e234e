import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Packages named in the import statements of one source file, types included. */
export interface FileImports {
  /** Relative to the folder that was read. */
  readonly file: string;
  readonly packages: readonly string[];
}

/**
 * What the sources below a folder import from other packages; tests, what they share in `testing/`, and Node's own
 * modules left out.
 */
export async function importsBelow(folder: string): Promise<FileImports[]> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter(
    (file) => file.endsWith(".ts") && !/\.test\.ts$|^testing\//.test(file),
  );
  return await Promise.all(
    files.toSorted().map(async (file) => ({
      file,
      packages: packagesIn(await readFile(path.join(folder, file), "utf8")),
    })),
  );
}

// At the start of a line, so that guest programs and examples in comments do not count; `import(…)` anywhere.
const STATEMENT =
  /^(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

function packagesIn(source: string): string[] {
  const specifiers = [...source.matchAll(STATEMENT)].map(
    ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "",
  );
  const foreign = specifiers.filter((name) => !name.startsWith(".") && !name.startsWith("node:"));
  return [...new Set(foreign.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name))];
}
