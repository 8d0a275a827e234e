import { realpathSync, statSync } from "node:fs";

import { type ProgramFiles, programFiles } from "./program-files.ts";

/** What an absolute path is on the disk now. `link`: it is a symlink or goes through one, so no real path reads like it. */
export type Kind = "file" | "directory" | "link" | "missing";

/** What a plan asks the file system. It is a parameter, so that a plan is a pure function of a policy and a disk. */
export interface Disk {
  kindOf(path: string): Kind;
  /** Where a command's path leads; null if it leads nowhere. */
  realPath(path: string): string | null;
  /** The files that a program cannot start without. */
  filesOf(program: string): ProgramFiles;
}

/** The file system of this host. */
export const hostDisk: Disk = {
  kindOf: (path) => {
    const real = hostDisk.realPath(path);
    if (real === null) return "missing";
    if (real !== path) return "link";
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? "directory" : "file";
  },
  realPath: (path) => {
    try {
      return realpathSync.native(path);
    } catch {
      return null;
    }
  },
  filesOf: programFiles,
};
