import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { Program } from "./programs.ts";

/** The packages of this workspace, for a program that has no modules of its own. */
const INSTALLED = path.resolve(import.meta.dirname, "../node_modules");

/** Writes the modules of a program where Node looks for packages, so that Node itself links and runs them. */
function install(folder: string, modules: Readonly<Record<string, string>>): void {
  if (Object.keys(modules).length === 0) symlinkSync(INSTALLED, path.join(folder, "node_modules"));
  for (const [name, source] of Object.entries(modules)) {
    const home = path.join(folder, "node_modules", name);
    const file = name.endsWith(".json") ? "index.json" : "index.js";
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, file), source);
    // An `exports`, because the loader of ES modules takes no JSON as `main` of a package.
    writeFileSync(path.join(home, "package.json"), JSON.stringify({ name, exports: `./${file}` }));
  }
}

/** Runs a program as Node runs a file beside its packages. Its value is the default export, or else what it returns. */
export async function runAsPackage(
  { source, modules }: Program,
  folder: string,
  inScope: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  install(folder, modules);
  const isModule = /^(?:import|export) /m.test(source);
  const file = path.join(folder, isModule ? "main.mjs" : "main.cjs");
  writeFileSync(file, isModule ? source : `module.exports = (async () => {\n${source}\n})();`);
  Object.assign(globalThis, inScope, { require: createRequire(file) });
  const { default: value } = (await import(pathToFileURL(file).href)) as { default?: unknown };
  return await value;
}
