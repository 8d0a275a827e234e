import type { BridgeCall } from "./bridge.ts";
import type { FileOptions } from "./file-options.ts";
import type { FileStats } from "./file-stats.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";

/** One call of a function of `node:fs` as it crosses the wall. */
interface Request {
  readonly asked: BridgeCall;
  /** Converts the answer to the value that Node would return. */
  readonly shape: (value: unknown) => unknown;
  /** The signal that the call was given. Only the asynchronous forms look at it, as in Node. */
  readonly signal?: unknown;
  /** Whether the blocking form gives undefined where there is nothing. */
  readonly mayBeMissing?: boolean;
}
type Row = (path: unknown, second: unknown, third: unknown) => Request;

/** What each function of `node:fs` asks, by its name: every option honoured, or refused by its name. Planted by its source text. */
export function fsRequests(
  { content, optionsOf, plain }: GuestArguments,
  {
    pathOf,
    dataOf,
    encodingOf,
    flagOf,
    modeOf,
    copyModeOf,
    signalOf,
    namesIn,
    booleanOf,
  }: FileOptions,
  { asBuffer }: LibraryLoader,
  { stats, entries }: FileStats,
): Readonly<Record<string, Row>> {
  const same = (value: unknown): unknown => value;
  const nothing = (): undefined => undefined;

  const writing =
    (name: string): Row =>
    (path, data, given) => {
      const options = optionsOf(given, ["encoding", "mode", "flag", "signal"], "encoding");
      const target = pathOf(path);
      const encoding = encodingOf(options["encoding"]);
      const mode = modeOf(options["mode"]);
      const flag = flagOf(options["flag"], " w wx xw a ax xa ");
      const pair = content(dataOf(data, target));
      return {
        asked: [0, name, target, pair[0], pair[1], encoding, mode, flag],
        shape: nothing,
        signal: signalOf(options["signal"]),
      };
    };

  const looking =
    (name: string): Row =>
    (path, given) => {
      const options = optionsOf(given, ["throwIfNoEntry"]);
      const mayBeMissing = options["throwIfNoEntry"] === false;
      return { asked: [0, name, pathOf(path)], shape: stats, mayBeMissing };
    };

  return {
    readFile: (path, given) => {
      const options = optionsOf(given, ["encoding", "flag", "signal"], "encoding");
      const encoding = encodingOf(options["encoding"]);
      const flag = flagOf(options["flag"], " r ");
      return {
        asked: [0, "fs.readFile", pathOf(path), encoding, flag],
        shape: asBuffer,
        signal: signalOf(options["signal"]),
      };
    },
    writeFile: writing("fs.writeFile"),
    appendFile: writing("fs.appendFile"),
    mkdir: (path, given) => {
      const options = optionsOf(given, ["recursive", "mode"], "mode");
      const mode = modeOf(options["mode"]);
      return {
        asked: [0, "fs.mkdir", pathOf(path), options["recursive"] === true, mode],
        shape: same,
      };
    },
    readdir: (path, given) => {
      const options = optionsOf(given, ["withFileTypes", "encoding", "recursive"], "encoding");
      const types = options["withFileTypes"] === true;
      const encoding = namesIn(options["encoding"]);
      const target = pathOf(path);
      return {
        asked: [0, "fs.readdir", target, types, encoding, booleanOf("recursive", options)],
        shape: types ? entries(target) : same,
      };
    },
    stat: looking("fs.stat"),
    lstat: looking("fs.lstat"),
    access: (path, mode) => ({
      asked: [0, "fs.access", pathOf(path), plain(mode)],
      shape: nothing,
    }),
    realpath: (path, given) => {
      const options = optionsOf(given, ["encoding"], "encoding");
      namesIn(options["encoding"]);
      return { asked: [0, "fs.realpath", pathOf(path)], shape: same };
    },
    unlink: (path) => ({ asked: [0, "fs.unlink", pathOf(path)], shape: nothing }),
    copyFile: (path, dest, mode) => ({
      asked: [0, "fs.copyFile", pathOf(path, "src"), pathOf(dest, "dest"), copyModeOf(mode)],
      shape: nothing,
    }),
    rename: (path, dest) => ({
      asked: [0, "fs.rename", pathOf(path, "oldPath"), pathOf(dest, "newPath")],
      shape: nothing,
    }),
    rm: (path, given) => {
      const options = optionsOf(given, ["recursive", "force", "maxRetries", "retryDelay"]);
      const target = pathOf(path);
      return {
        asked: [0, "fs.rm", target, options["recursive"] === true, options["force"] === true],
        shape: nothing,
      };
    },
  };
}
