import type { Primordials } from "./primordials.ts";

export type FileStats = ReturnType<typeof fileStats>;

/** What `stat` and `readdir` tell of files. Planted by its source text. */
export function fileStats({ Date, freeze, text }: Primordials) {
  const kind = (name: string) => ({
    isFile: () => name === "file",
    isDirectory: () => name === "directory",
    isSymbolicLink: () => name === "link",
    isFIFO: () => name === "fifo",
    isSocket: () => name === "socket",
    isBlockDevice: () => name === "block",
    isCharacterDevice: () => name === "character",
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
      ...kind(fields.kind),
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
        found[index] = freeze({
          name: entry[0],
          parentPath: entry[2] === "" ? top : from + entry[2],
          ...kind(entry[1]),
        });
      }
      return found;
    };

  return { stats, entries };
}
