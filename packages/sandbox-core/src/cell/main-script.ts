import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
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
  const script = new Script(wrapped(path), {
    filename: path,
    // Guards load some of Node's modules at first use, by `import`.
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  return { script, path };
}

const HEAD = "(function (exports, require, module, __filename, __dirname) {";
const TAIL = "\n})";

/** The text of a file within a function. It is put together as bytes: as texts, V8 would hold a second copy, 250 KiB in each cell. */
function wrapped(path: string): string {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.allocUnsafeSlow(HEAD.length + size + TAIL.length);
    bytes.write(HEAD, 0, "latin1");
    for (let read = 0; read < size;) {
      const more = readSync(fd, bytes, HEAD.length + read, size - read, null);
      if (more === 0) throw new Error(`${path} has become shorter`);
      read += more;
    }
    bytes.write(TAIL, HEAD.length + size, "latin1");
    // The bundle is ASCII. Decoded as Latin-1, it takes one byte for each character.
    return bytes.toString("latin1");
  } finally {
    closeSync(fd);
  }
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
