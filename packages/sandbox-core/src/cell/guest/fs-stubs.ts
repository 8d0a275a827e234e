import type { Answers } from "./answers-and-errors.ts";
import type { Asked } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";

/** The part of `node:fs` and `node:fs/promises` that cells have. Planted by its source text. */
export function fsStubs(
  { Date, freeze, own }: Primordials,
  { ask, askLater }: Answers,
  { targetText, content, optionsOf, plain }: GuestArguments,
  { asBuffer }: LibraryLoader,
) {
  interface Request {
    readonly asked: Asked;
    /** Converts the answer to the value that Node would return. */
    readonly shape: (value: unknown) => unknown;
  }
  type Row = (path: unknown, second: unknown, third: unknown) => Request;

  const same = (value: unknown): unknown => value;
  const nothing = (): undefined => undefined;

  interface Kind {
    readonly isFile: () => boolean;
    readonly isDirectory: () => boolean;
    readonly isSymbolicLink: () => boolean;
  }
  const kind = (name: string): Kind => ({
    isFile: () => name === "file",
    isDirectory: () => name === "directory",
    isSymbolicLink: () => name === "link",
  });

  function stats(value: unknown): object {
    const fields = value as {
      kind: string;
      size: number;
      mode: number;
      atimeMs: number;
      mtimeMs: number;
      ctimeMs: number;
      birthtimeMs: number;
    };
    const is = kind(fields.kind);
    return freeze({
      size: fields.size,
      mode: fields.mode,
      atimeMs: fields.atimeMs,
      mtimeMs: fields.mtimeMs,
      ctimeMs: fields.ctimeMs,
      birthtimeMs: fields.birthtimeMs,
      atime: new Date(fields.atimeMs),
      mtime: new Date(fields.mtimeMs),
      ctime: new Date(fields.ctimeMs),
      birthtime: new Date(fields.birthtimeMs),
      isFile: is.isFile,
      isDirectory: is.isDirectory,
      isSymbolicLink: is.isSymbolicLink,
    });
  }

  const entries =
    (parentPath: unknown) =>
    (value: unknown): unknown => {
      const found = value as unknown[];
      for (let index = 0; index < found.length; index++) {
        const pair = found[index] as [string, string];
        const is = kind(pair[1]);
        found[index] = freeze({
          name: pair[0],
          parentPath,
          isFile: is.isFile,
          isDirectory: is.isDirectory,
          isSymbolicLink: is.isSymbolicLink,
        });
      }
      return found;
    };

  const writing =
    (name: string): Row =>
    (path, data, given) => {
      const options = optionsOf(given, ["encoding", "mode", "flag"], "encoding");
      const pair = content(data);
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
      optionsOf(given, []);
      return { asked: [0, "fs.stat", targetText(path)], shape: stats };
    },
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
        return request.shape(ask(request.asked));
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
  }
  own(fs, "existsSync", (path: unknown) => ask([0, "fs.exists", targetText(path)]), true);
  own(fs, "promises", freeze(promises), true);
  return { fs: freeze(fs), promises };
}
