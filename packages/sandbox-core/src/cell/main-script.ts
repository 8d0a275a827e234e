import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { constants, Script } from "node:vm";

/** The bundle of the cell's code. */
export interface MainScript {
  readonly script: Script;
  readonly path: string;
}

/**
 * Reads the bundle, and its functions in compiled form from a file beside it, which `scripts/bundle.ts` makes. V8 takes that form
 * if the same V8 made it, with the same flags, for a text of the same length. If not, V8 compiles the text: some 4 ms more.
 */
export function mainScript(path: string): MainScript {
  const cachedData = tryRead(codeCache(path));
  // The bundle is ASCII. Decoded as Latin-1, it takes one byte for each character.
  const text = readFileSync(path, "latin1");
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${text}\n})`,
    {
      filename: path,
      // Guards load some of Node's modules at first use, by `import`.
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData === undefined ? {} : { cachedData }),
    },
  );
  return { script, path };
}

/** The file of a bundle's compiled form. */
export function codeCache(path: string): string {
  return `${dirname(path)}/main.cache`;
}

/** Runs the bundle as Node runs a CommonJS file. */
export function runMain({ script, path }: MainScript, require: NodeJS.Require): void {
  const run = script.runInThisContext() as (...scope: unknown[]) => void;
  const module = { exports: {} };
  run(module.exports, require, module, path, dirname(path));
}

function tryRead(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
