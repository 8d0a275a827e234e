import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build, type BuildResult } from "esbuild";

/** Packages that have a file which is all of them, as it comes. */
export const WHOLE_FILES: Readonly<Record<string, string>> = {
  "big.js": "big.mjs",
  "bignumber.js": "dist/bignumber.cjs",
  dayjs: "dayjs.min.js",
  "decimal.js": "decimal.mjs",
  "fuse.js": "dist/fuse.mjs",
  handlebars: "dist/handlebars.js",
  jmespath: "jmespath.js",
  jsonata: "jsonata.js",
  lodash: "lodash.js",
  marked: "lib/marked.esm.js",
  mathjs: "lib/browser/math.js",
  ms: "index.js",
  mustache: "mustache.js",
  papaparse: "papaparse.js",
  qs: "dist/qs.js",
  ramda: "dist/ramda.js",
  rxjs: "dist/bundles/rxjs.umd.js",
  slugify: "slugify.js",
  acorn: "dist/acorn.mjs",
  validator: "validator.js",
};

const installed = path.resolve(import.meta.dirname, "../../node_modules");

export const wholeFile = (name: string): string =>
  readFileSync(path.join(installed, name, WHOLE_FILES[name] ?? ""), "utf8");

/** Packages whose file for Node takes modules of Node that a cell has not. */
const FOR_BROWSERS: readonly string[] = ["lru-cache"];

/** One module of a package of many files, as a host would make it: esbuild, with the format that the package's own file has. */
export async function bundled(name: string, isModule: boolean): Promise<string> {
  const entry = FOR_BROWSERS.includes(name)
    ? name
    : isModule
      ? fileURLToPath(import.meta.resolve(name))
      : createRequire(import.meta.url).resolve(name);
  const made = async (format: "cjs" | "esm"): Promise<BuildResult<typeof options>> =>
    await build({ ...options, entryPoints: [entry], format });
  const options = {
    absWorkingDir: import.meta.dirname,
    bundle: true,
    platform: FOR_BROWSERS.includes(name) ? "browser" : "node",
    write: false,
    metafile: true,
    logLevel: "error",
  } as const;
  const asModule = await made("esm");
  const [output] = Object.values(asModule.metafile.outputs);
  const { format } = asModule.metafile.inputs[output?.entryPoint ?? ""] ?? {};
  const { outputFiles } = format === "cjs" ? await made("cjs") : asModule;
  return outputFiles[0]?.text ?? "";
}
