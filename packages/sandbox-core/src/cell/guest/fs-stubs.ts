import type { Answers } from "./answers-and-errors.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { FileOptions } from "./file-options.ts";
import type { fsRequests } from "./fs-requests.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";
import type { Misuse } from "./misuse.ts";
import type { OpenFileRequests } from "./open-file-requests.ts";
import type { Primordials } from "./primordials.ts";

/** The part of `node:fs` and `node:fs/promises` that cells have. Planted by its source text. */
export function fsStubs(
  { apply, arraySlice, freeze, isTypeError, own, trunc }: Primordials,
  { calledBack }: Callbacks,
  { ask, askLater, retraced }: Answers,
  { option }: GuestArguments,
  { aborted, badType }: Misuse,
  { pathOf }: FileOptions,
  rows: ReturnType<typeof fsRequests>,
  { load }: Pick<LibraryLoader, "load">,
  requests: OpenFileRequests,
) {
  type AnyFunction = (...args: unknown[]) => unknown;

  /** Whether an error says that there is nothing at the path. */
  function isNoEntry(error: unknown): boolean {
    const code = option(error, "code");
    return code === "ENOENT" || code === "ENOTDIR";
  }

  /** Asks, unless the call's signal says that its answer is not wanted. What was begun goes on to its end, as in Node. */
  async function later({
    asked,
    shape,
    signal,
  }: ReturnType<(typeof rows)[string]>): Promise<unknown> {
    if (option(signal, "aborted") === true) throw aborted(option(signal, "reason"));
    let value: unknown;
    try {
      value = await askLater(shape, asked);
    } catch (error) {
      throw retraced(error);
    }
    if (option(signal, "aborted") === true) throw aborted(option(signal, "reason"));
    return value;
  }

  /** Whether it may be the number of an open file; all else is taken for a path. */
  const isNumber = (value: unknown): boolean =>
    typeof value === "number" && value >= 0 && value <= 2_147_483_647 && trunc(value) === value;

  const fs: Record<string, unknown> = {};
  const promises: Record<string, unknown> = {};

  /** What the library makes of the requests about open files. */
  interface OpenFileFunctions {
    readonly functions: Readonly<Record<string, AnyFunction>>;
    readonly promised: Readonly<Record<string, AnyFunction>>;
    readonly isHandle: (value: unknown) => boolean;
  }
  let openFiles: OpenFileFunctions | undefined;
  /** What `promisify` of the library makes of the values that these give to a callback. */
  const namesOfValues = Symbol.for("nodejs.util.promisify.valueNames");
  const valueNames: Readonly<Record<string, string[] | undefined>> = {
    read: ["bytesRead", "buffer"],
    readv: ["bytesRead", "buffers"],
    write: ["bytesWritten", "buffer"],
    writev: ["bytesWritten", "buffer"],
  };
  const fromLibrary =
    (kind: "functions" | "promised", name: string): AnyFunction =>
    (...args) => {
      openFiles ??= (
        load("open-files") as { openFiles: (given: OpenFileRequests) => OpenFileFunctions }
      ).openFiles(requests);
      return apply(openFiles[kind][name] as AnyFunction, undefined, args);
    };
  for (const name of [
    "open",
    "close",
    "read",
    "readv",
    "write",
    "writev",
    "fstat",
    "ftruncate",
    "fsync",
    "fdatasync",
    "truncate",
  ]) {
    const called = fromLibrary("functions", name);
    const names = valueNames[name];
    if (names !== undefined) own(called, namesOfValues, freeze(names));
    own(fs, name, called, true);
    own(fs, `${name}Sync`, fromLibrary("functions", `${name}Sync`), true);
  }
  for (const name of ["createReadStream", "createWriteStream"])
    own(fs, name, fromLibrary("functions", name), true);
  for (const name of ["open", "truncate"]) {
    const made = fromLibrary("promised", name);
    own(promises, name, async (...args: unknown[]) => await apply(made, undefined, args), true);
  }

  for (const [name, row] of Object.entries(rows)) {
    // These take the number of an open file where the others take a path only, and their promises take a handle.
    const takesOpen = name === "readFile" || name === "writeFile" || name === "appendFile";
    const [ofNumber, ofNumberSync] = [
      fromLibrary("functions", name),
      fromLibrary("functions", `${name}Sync`),
    ];
    const ofHandle = fromLibrary("promised", name);
    own(
      fs,
      `${name}Sync`,
      (path: unknown, second: unknown, third: unknown) => {
        if (takesOpen && isNumber(path)) return ofNumberSync(path, second, third);
        const request = row(path, second, third);
        try {
          return request.shape(ask(request.asked));
        } catch (error) {
          if (request.mayBeMissing === true && isNoEntry(error)) return undefined;
          throw error;
        }
      },
      true,
    );
    own(
      promises,
      name,
      async (path: unknown, second: unknown, third: unknown) =>
        await (takesOpen && openFiles?.isHandle(path) === true
          ? ofHandle(path, second, third)
          : later(row(path, second, third))),
      true,
    );
    own(
      fs,
      name,
      (...args: unknown[]): unknown => {
        if (takesOpen && isNumber(args[0])) return apply(ofNumber, undefined, args);
        const callback = args.length === 0 ? undefined : args[args.length - 1];
        if (typeof callback !== "function") throw badType("cb", "of type function", callback);
        const given = arraySlice(args, 0, args.length - 1);
        calledBack(later(row(given[0], given[1], given[2])), callback as Callback);
        return undefined;
      },
      true,
    );
  }

  const existsSync = (path: unknown): unknown => {
    let target: string | null;
    try {
      target = pathOf(path);
    } catch (error) {
      // What can be no path does not exist; anything else, such as the end of the stack, says nothing about it.
      if (isTypeError(error)) return false;
      throw error;
    }
    return ask([0, "fs.exists", target]);
  };
  own(fs, "existsSync", existsSync, true);
  const constants = freeze({
    F_OK: 0,
    R_OK: 4,
    W_OK: 2,
    X_OK: 1,
    O_RDONLY: 0,
    O_WRONLY: 1,
    O_RDWR: 2,
    O_CREAT: 64,
    O_EXCL: 128,
    O_TRUNC: 512,
    O_APPEND: 1024,
    COPYFILE_EXCL: 1,
    COPYFILE_FICLONE: 2,
  });
  own(fs, "constants", constants, true);
  own(promises, "constants", constants, true);
  own(fs, "promises", freeze(promises), true);
  return { fs: freeze(fs), promises };
}
