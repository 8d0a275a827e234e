import type { Answers } from "./answers-and-errors.ts";
import type { Asked } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { FileStats } from "./file-stats.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";

/** The part of `node:fs` and `node:fs/promises` that cells have. Planted by its source text. */
export function fsStubs(
  { arraySlice, freeze, indexOf, own, text, TypeError }: Primordials,
  { calledBack }: Callbacks,
  { ask, askLater }: Answers,
  { targetText, content, option, optionsOf, plain }: GuestArguments,
  { asBuffer }: LibraryLoader,
  { stats, entries }: FileStats,
) {
  interface Request {
    readonly asked: Asked;
    /** Converts the answer to the value that Node would return. */
    readonly shape: (value: unknown) => unknown;
  }
  type Row = (path: unknown, second: unknown, third: unknown) => Request;

  const same = (value: unknown): unknown => value;
  const nothing = (): undefined => undefined;

  function noCallback(given: unknown): Error {
    const what = given === undefined || given === null ? text(given) : `type ${typeof given}`;
    const error = new TypeError(`The "cb" argument must be of type function. Received ${what}`);
    own(error, "code", "ERR_INVALID_ARG_TYPE", true);
    return error;
  }

  /** Whether a path can be one. If not, the guard refuses it, and the record says what was tried. */
  const isPath = (path: unknown): boolean =>
    typeof path === "string" && path !== "" && indexOf(path, "\0") === -1;

  function badData(data: unknown): Error {
    const what = data === null || data === undefined ? text(data) : `type ${typeof data}`;
    const error = new TypeError(
      `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${what}`,
    );
    own(error, "code", "ERR_INVALID_ARG_TYPE", true);
    return error;
  }

  /** Whether an error says that there is nothing at the path, which `throwIfNoEntry: false` asks to take for undefined. */
  function isNoEntry(error: unknown): boolean {
    const code = option(error, "code");
    return code === "ENOENT" || code === "ENOTDIR";
  }

  const writing =
    (name: string): Row =>
    (path, data, given) => {
      const options = optionsOf(given, ["encoding", "mode", "flag"], "encoding");
      const pair = content(data);
      if (pair[0] === null && isPath(path)) throw badData(data);
      return {
        asked: [
          0,
          name,
          targetText(path),
          pair[0],
          pair[1],
          plain(options["encoding"]),
          plain(options["mode"]),
          plain(options["flag"]),
        ],
        shape: nothing,
      };
    };

  const rows: Readonly<Record<string, Row>> = {
    readFile: (path, given) => {
      const options = optionsOf(given, ["encoding", "flag"], "encoding");
      return {
        asked: [
          0,
          "fs.readFile",
          targetText(path),
          plain(options["encoding"]),
          plain(options["flag"]),
        ],
        shape: asBuffer,
      };
    },
    writeFile: writing("fs.writeFile"),
    appendFile: writing("fs.appendFile"),
    mkdir: (path, given) => {
      const options = optionsOf(given, ["recursive", "mode"], "mode");
      return {
        asked: [
          0,
          "fs.mkdir",
          targetText(path),
          options["recursive"] === true,
          plain(options["mode"]),
        ],
        shape: nothing,
      };
    },
    readdir: (path, given) => {
      const options = optionsOf(given, ["withFileTypes", "encoding"], "encoding");
      const types = options["withFileTypes"] === true;
      return {
        asked: [0, "fs.readdir", targetText(path), types, plain(options["encoding"])],
        shape: types ? entries(path) : same,
      };
    },
    stat: (path, given) => {
      optionsOf(given, ["throwIfNoEntry"]);
      return { asked: [0, "fs.stat", targetText(path)], shape: stats };
    },
    lstat: (path, given) => {
      optionsOf(given, ["throwIfNoEntry"]);
      return { asked: [0, "fs.lstat", targetText(path)], shape: stats };
    },
    access: (path, mode) => ({
      asked: [0, "fs.access", targetText(path), plain(mode)],
      shape: nothing,
    }),
    realpath: (path, given) => {
      optionsOf(given, ["encoding"], "encoding");
      return { asked: [0, "fs.realpath", targetText(path)], shape: same };
    },
    unlink: (path) => ({ asked: [0, "fs.unlink", targetText(path)], shape: nothing }),
    copyFile: (path, dest, mode) => ({
      asked: [0, "fs.copyFile", targetText(path), targetText(dest), plain(mode)],
      shape: nothing,
    }),
    rename: (path, dest) => ({
      asked: [0, "fs.rename", targetText(path), targetText(dest)],
      shape: nothing,
    }),
    rm: (path, given) => {
      const options = optionsOf(given, ["recursive", "force", "maxRetries", "retryDelay"]);
      return {
        asked: [
          0,
          "fs.rm",
          targetText(path),
          options["recursive"] === true,
          options["force"] === true,
        ],
        shape: nothing,
      };
    },
  };

  const fs: Record<string, unknown> = {};
  const promises: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(rows)) {
    own(
      fs,
      `${name}Sync`,
      (path: unknown, second: unknown, third: unknown) => {
        const request = row(path, second, third);
        try {
          return request.shape(ask(request.asked));
        } catch (error) {
          if (option(second, "throwIfNoEntry") === false && isNoEntry(error)) return undefined;
          throw error;
        }
      },
      true,
    );
    own(
      promises,
      name,
      async (path: unknown, second: unknown, third: unknown) => {
        const request = row(path, second, third);
        return await askLater(request.shape, request.asked);
      },
      true,
    );
    own(
      fs,
      name,
      (...args: unknown[]): void => {
        const callback = args.length === 0 ? undefined : args[args.length - 1];
        if (typeof callback !== "function") throw noCallback(callback);
        const given = arraySlice(args, 0, args.length - 1);
        const request = row(given[0], given[1], given[2]);
        calledBack(askLater(request.shape, request.asked), callback as Callback);
      },
      true,
    );
  }
  own(fs, "existsSync", (path: unknown) => ask([0, "fs.exists", targetText(path)]), true);
  const constants = freeze({ F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, COPYFILE_EXCL: 1 });
  own(fs, "constants", constants, true);
  own(promises, "constants", constants, true);
  own(fs, "promises", freeze(promises), true);
  return { fs: freeze(fs), promises };
}
