import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** `O_PATH` of Linux' fcntl.h: names a file without opening it, so it has no effect and needs no permission on the file. */
export const O_PATH = 0o10000000;

/** Most symlinks in one path: Linux' own number (path_resolution(7)). */
const MAX_LINKS = 40;

/** How often a name is looked up again whose file was replaced at that very moment. */
const MAX_RACES = 100;

/** A place in the file system, held by descriptor: what it names cannot be swapped between decision and use. */
export interface ResolvedPath {
  /** The real absolute path: no symlink, and no `.` or `..` but below something that does not exist. */
  readonly path: string;
  /** The file itself where it exists, else the nearest directory above it that does. */
  readonly fd: number;
  /** The real path of what `fd` holds: `path` without what is missing. */
  readonly held: string;
  /** What is missing below `fd`, component by component; empty where the file exists. */
  readonly missing: readonly string[];
  /** Why the whole path could not be resolved, where it could not. */
  readonly errno: NodeJS.ErrnoException | null;
}

/** The path by which the kernel opens what a descriptor names, whatever happened to its name since. */
export function byDescriptor(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/** The path of a name in a directory. */
export function below(directory: string, name: string): string {
  return `${directory === "/" ? "" : directory}/${name}`;
}

/**
 * Finds out what an absolute path really names; with `directory`, only a directory will do. Where nothing is there, symlinks
 * are followed all the same, to where the file would be made: what is beyond a dangling one is decided by its own path, as if
 * it were there. The caller closes `fd`.
 *
 * @throws ErrnoException where a real path is longer than the kernel tells, or no descriptor is left.
 */
export function locate(path: string, directory: boolean): ResolvedPath {
  for (let race = 0; ; race++) {
    let fd: number;
    try {
      fd = openSync(directory ? `${path}/` : path, O_PATH);
    } catch (error) {
      return walk(path, error as NodeJS.ErrnoException);
    }
    const held = realPath(fd);
    // Replaced or removed just now; or that is its name.
    if (!held.endsWith(" (deleted)") || isStillNamed({ fd, held }) || race >= MAX_RACES)
      return { path: held, fd, held, missing: [], errno: null };
    closeSync(fd);
  }
}

/**
 * Whether the real path names what is held, at this moment. It does not where the file was replaced, and where it was reached
 * by a magic link into another mount namespace (`/proc/<pid>/root`), whose paths read like ours and are others. Nor where a
 * directory above it was moved and a symlink was left in its place: the path leads there still, and is not the real one.
 */
export function isStillNamed({ fd, held }: Pick<ResolvedPath, "fd" | "held">): boolean {
  try {
    if (readlinkSync(byDescriptor(fd)) !== held) return false;
    const named = lstatSync(held, { bigint: true });
    const here = fstatSync(fd, { bigint: true });
    return named.ino === here.ino && named.dev === here.dev;
  } catch {
    return false;
  }
}

/** Goes as far as it can, one component at a time, each from the descriptor of the one before. */
function walk(path: string, errno: NodeJS.ErrnoException): ResolvedPath {
  const todo = path.split("/").toReversed();
  let fd = openSync("/", O_PATH);
  let links = 0;
  try {
    while (todo.length > 0) {
      const name = todo.pop() ?? "";
      if (name === "" || name === ".") continue;
      const step = tryStep(fd, name);
      if (typeof step === "number") {
        closeSync(fd);
        fd = step;
      } else if (step === null || ++links > MAX_LINKS) {
        todo.push(name);
        break;
      } else {
        if (step.startsWith("/")) {
          const root = openSync("/", O_PATH);
          closeSync(fd);
          fd = root;
        }
        todo.push(...step.split("/").toReversed());
      }
    }
    const missing = todo.filter((name) => name !== "" && name !== ".").toReversed();
    const held = realPath(fd, false);
    return { path: missing.reduce(below, held), fd, held, missing, errno };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The descriptor of a name in a directory, or the text of the symlink that it is; null for neither. */
function tryStep(fd: number, name: string): number | string | null {
  let next: number;
  try {
    next = openSync(
      byDescriptor(fd, name),
      O_PATH | O_NOFOLLOW | (name === ".." ? O_DIRECTORY : 0),
    );
  } catch {
    return null;
  }
  try {
    if (!fstatSync(next).isSymbolicLink()) return next;
    closeSync(next);
    return readlinkSync(byDescriptor(fd, name));
  } catch {
    return null;
  }
}

function realPath(fd: number, close = true): string {
  try {
    return readlinkSync(byDescriptor(fd));
  } catch (error) {
    if (close) closeSync(fd);
    throw error;
  }
}
