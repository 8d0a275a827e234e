import { closeSync, openSync, readlinkSync } from "node:fs";

/** `O_PATH` of Linux' fcntl.h: names a file without opening it, so it has no effect and needs no permission on the file. */
const O_PATH = 0o10000000;

/** A place in the file system, held by descriptor: what it names cannot be swapped between decision and use. */
export interface Place {
  /** The real absolute path: no symlink, no `.` or `..`. */
  readonly path: string;
  /** The file itself where it exists, else the nearest directory above it that does. */
  readonly fd: number;
  /** What is missing below `fd`, component by component; empty where the file exists. */
  readonly missing: readonly string[];
  /** Why the whole path could not be resolved, where it could not. */
  readonly errno: NodeJS.ErrnoException | null;
}

/** The path by which the kernel opens what a descriptor names, whatever happened to its name since. */
export function byDescriptor(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/**
 * Finds out what an absolute path really names. The kernel resolves; nothing is normalised by text. The caller closes `fd`.
 *
 * @throws ErrnoException where not even `/` can be named.
 */
export function locate(path: string): Place {
  let prefix = path;
  const missing: string[] = [];
  let errno: NodeJS.ErrnoException | null = null;
  for (;;) {
    try {
      const fd = openSync(prefix === "" ? "/" : prefix, O_PATH);
      try {
        const real = readlinkSync(byDescriptor(fd));
        const below = missing.length === 0 ? real : `${real === "/" ? "" : real}/${missing.join("/")}`;
        return { path: below, fd, missing, errno };
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } catch (error) {
      errno ??= error as NodeJS.ErrnoException;
      if (prefix === "") throw error;
      const cut = prefix.lastIndexOf("/");
      const name = prefix.slice(cut + 1);
      // An empty name is a doubled or trailing slash. `.` and `..` are kept: no policy grants a path that holds them.
      if (name !== "") missing.unshift(name);
      prefix = prefix.slice(0, Math.max(cut, 0));
    }
  }
}
