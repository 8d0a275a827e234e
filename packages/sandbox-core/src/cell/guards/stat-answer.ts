import type { Dirent, Stats } from "node:fs";

import type { Answer } from "../guest/bridge.ts";

/** What a guest is told of a file: nothing that says more about the host, such as owners and inodes. */
export function statOf(found: Stats): Answer {
  const { size, mode, atimeMs, mtimeMs, ctimeMs, birthtimeMs } = found;
  return json({ kind: kindOf(found), size, mode, atimeMs, mtimeMs, ctimeMs, birthtimeMs });
}

export function kindOf(found: Stats | Dirent): string {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  if (found.isSymbolicLink()) return "link";
  if (found.isFIFO()) return "fifo";
  if (found.isSocket()) return "socket";
  return found.isBlockDevice() ? "block" : "character";
}

export function json(value: unknown): Answer {
  return `j${JSON.stringify(value)}`;
}
