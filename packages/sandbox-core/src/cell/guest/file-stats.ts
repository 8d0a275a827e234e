import type { Primordials } from "./primordials.ts";

export type FileStats = ReturnType<typeof fileStats>;

/** What `stat` and `readdir` tell of files. Planted by its source text. */
export function fileStats({ Date, freeze, text }: Primordials) {
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
    (path: string | null) =>
    (value: unknown): unknown => {
      const found = value as unknown[];
      const top = text(path);
      const from = top[top.length - 1] === "/" ? top : `${top}/`;
      for (let index = 0; index < found.length; index++) {
        const entry = found[index] as [name: string, kind: string, folder: string];
        const is = kind(entry[1]);
        found[index] = freeze({
          name: entry[0],
          parentPath: entry[2] === "" ? top : from + entry[2],
          isFile: is.isFile,
          isDirectory: is.isDirectory,
          isSymbolicLink: is.isSymbolicLink,
        });
      }
      return found;
    };

  return { stats, entries };
}
