import { realpathSync, statSync } from "node:fs";

import { type ProgramFiles, programFiles } from "./program-files.ts";

/** What an absolute path is at this moment. `link`: it is a symlink, or goes through one, so that no real path reads like it. */
export type Kind = "file" | "directory" | "link" | "missing";

/** What the plan asks of the file system. Passed in, so that a plan is a function of a policy and of this. */
export interface Disk {
  kindOf(path: string): Kind;
  /** Where a command's path leads; null where it leads nowhere. */
  realPath(path: string): string | null;
  /** What a program cannot start without. */
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
