import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
} from "node:fs";

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** `O_PATH` of Linux's fcntl.h: names a file without opening it. It has no effect on the file and needs no permission for it. */
export const O_PATH = 0o10000000;

/** Most symlinks in one path: Linux's own limit (path_resolution(7)). */
const MAX_LINKS = 40;

/** How often a name is looked up again because its file was replaced during the lookup. */
const MAX_RACES = 100;

/** A place in the file system, held by descriptor, so that its file cannot be swapped between decision and use. */
export interface ResolvedPath {
  /** The real absolute path. It has no symlink; `.` and `..` occur only below a component that does not exist. */
  readonly path: string;
  /** A descriptor of the file if it exists, else of the nearest directory above it that exists. */
  readonly fd: number;
  /** The real path of what `fd` holds: `path` without the `missing` components. */
  readonly held: string;
  /** The components that are missing below `fd`; empty if the file exists. */
  readonly missing: readonly string[];
  /** Why the path could not be resolved to its end; null if it could. */
  readonly errno: NodeJS.ErrnoException | null;
}

/** A path by which the kernel opens the file of a descriptor, even if its name has changed since. */
export function byDescriptor(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/** The path of a name in a directory. */
export function below(directory: string, name: string): string {
  return `${directory === "/" ? "" : directory}/${name}`;
}

/**
 * Finds the real place of an absolute path; with `directory`, only a directory will do. If the file does not exist, symlinks are
 * still followed to the place where it would be made: a path through a dangling symlink is decided by the path it leads to. The
 * caller closes `fd`.
 *
 * @throws ErrnoException if the real path is longer than the kernel reports, or no descriptor is left.
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
    // The suffix means that the file was replaced or removed during the lookup, unless the name itself ends so.
    if (!held.endsWith(" (deleted)") || isStillNamed({ fd, held }) || race >= MAX_RACES)
      return { path: held, fd, held, missing: [], errno: null };
    closeSync(fd);
  }
}

/**
 * Whether the real path still names the file that is held. It does not if the file was replaced; if the file was reached by a
 * magic link into another mount namespace (`/proc/<pid>/root`), whose paths read like ours and name other files; or if a
 * directory above it was moved and a symlink put in its place, since the path then still leads to the file but is no longer its
 * real path.
 */
export function isStillNamed(place: Pick<ResolvedPath, "fd" | "held">): boolean {
  return statIfStillNamed(place) !== null;
}

/** What is held, as {@link isStillNamed} saw it; null where that is false. */
export function statIfStillNamed({
  fd,
  held,
}: Pick<ResolvedPath, "fd" | "held">): BigIntStats | null {
  try {
    if (readlinkSync(byDescriptor(fd)) !== held) return null;
    const named = lstatSync(held, { bigint: true });
    const here = fstatSync(fd, { bigint: true });
    return isSameFile(named, here) ? here : null;
  } catch {
    return null;
  }
}

type Numbers = Pick<BigIntStats, "dev" | "ino">;

export function isSameFile(one: Numbers, other: Numbers): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** Holds what a name in a directory is, without following a symlink. The caller closes it. */
export function openName(directory: number, name: string): number {
  return openSync(byDescriptor(directory, name), O_PATH | O_NOFOLLOW);
}

/** Walks as far as the path exists, one component at a time, each from the descriptor of the one before. */
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

/** The descriptor of a name in a directory, or the target of the symlink that it is; null if it is missing. */
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
