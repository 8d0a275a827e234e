import { type BigIntStats, closeSync } from "node:fs";
import { posix } from "node:path";

import { type KernelProbe, MAX_REQUEST_TARGET } from "../../frames.ts";
import type { Answer, Primitive } from "../guest/bridge.ts";
import { below, isStillNamed, locate, statIfStillNamed, type ResolvedPath } from "../real-path.ts";
import { pathText } from "./parse-arguments.ts";
import { type AskAgain, Failed, Malformed, type Prepared } from "./guard.ts";
import { sameRefusal } from "./kernel-refusal.ts";

/**
 * How often an operation starts again because its file appeared, vanished or was replaced between lookup and use. One try takes
 * about 20 us. A process that replaces a file as fast as it can was seen to win nine times in a row.
 */
const MAX_RACES = 100;

/** From so many races in a row on, a try waits a moment first: two loops of one length, each on a core of its own, can stay in step. */
const WAITS_FROM = 8;
/** The longest wait, for each race so far: milliseconds. All together wait 0.2 s at most. */
const WAIT_MS = 0.04;

/** Codes of errors that say that there is nothing at a path. */
const NOTHING_THERE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

const never = new Int32Array(new SharedArrayBuffer(4));

/** The file that was found is gone, or a file that was missing has appeared. The path must be looked up, and the broker asked, again. */
export class PathRaced extends Error {}

/**
 * Checks that a directory is still at the path that was decided. Call it right before each effect of an operation that has
 * several, because the directory may have been moved since the decision or since the last step. Effects go by descriptor, so the
 * gap that remains is between this check and the very next system call: at most one step happens in a directory that has just
 * been moved.
 *
 * @throws PathRaced if the directory is no longer at that path.
 */
export function mustStillBeNamed(directory: Pick<ResolvedPath, "fd" | "held">): void {
  if (!isStillNamed(directory)) throw new PathRaced();
}

/** What an operation gets to work with. */
export interface Found {
  readonly place: ResolvedPath;
  /** What the place's descriptor holds, looked at after the decision. */
  readonly held: BigIntStats;
  /** Whether the path as the guest wrote it ends like a directory's: `x/`, `x/.`. */
  readonly asDirectory: boolean;
  /** Makes a further request, for the same operation unless another one is named. */
  readonly ask: (path: string, operation?: string) => void;
}

export interface PathOperationOptions {
  /** The second path, as the guest wrote it, of an operation with two. */
  readonly dest?: string;
  /** The policy's name of the operation, if it is another one than that of the surface table. */
  readonly operation?: string;
  /** Whether errors name no path: the guest has given the number of an open file. */
  readonly isNameless?: boolean;
  readonly find?: (path: string, asDirectory: boolean) => ResolvedPath;
  /** The system call that Node names where there is nothing at the path, if it is another one. */
  readonly lookup?: string;
  /** Probes the kernel, without an effect. */
  readonly probe?: (place: ResolvedPath) => KernelProbe | undefined;
}

/**
 * An operation on one path. The place is found before the decision, and used by descriptor after it. If the decided path names
 * another file by then, the place is found again; if its real path differs, the broker is asked again.
 */
export function pathOperation(
  value: Primitive,
  syscall: string,
  act: (found: Found) => Answer,
  { find = locate, probe, dest, lookup, operation, isNameless }: PathOperationOptions = {},
): Prepared {
  const given = pathText(value);
  const asDirectory = endsAsDirectory(given);
  // A cell's working directory is `/`. `..` is resolved as text. If the kernel resolved it, a guest could test for paths that it
  // may not see by going through them (`/maybe/../granted/file`).
  const path = resolveGiven(given);
  const found = (): ResolvedPath => bounded(() => find(path, asDirectory), given);
  let place = found();
  return {
    target: place.path,
    ...(operation === undefined ? {} : { operation }),
    ...(probe === undefined ? {} : { probe: () => probe(place) }),
    perform: (_grant, again) => {
      const ask = (asked: string, other = operation): void => askBounded(again, asked, other);
      let granted = place.path;
      try {
        for (let race = 0; race <= MAX_RACES; race++) {
          try {
            const held = statIfStillNamed(place);
            if (held !== null) return act({ place, held, asDirectory, ask });
          } catch (error) {
            if (!(error instanceof PathRaced)) throw error;
          }
          if (race >= WAITS_FROM) Atomics.wait(never, 0, 0, Math.random() * race * WAIT_MS);
          const now = found();
          closeSync(place.fd);
          place = now;
          if (place.path !== granted) ask(place.path);
          granted = place.path;
        }
        throw errnoError("EAGAIN", -11, "resource temporarily unavailable");
      } catch (error) {
        const isMissing = NOTHING_THERE.has(String((error as NodeJS.ErrnoException).code));
        const called = isMissing ? (lookup ?? syscall) : syscall;
        throw asGuestErrno(error, called, isNameless === true ? undefined : given, dest);
      }
    },
    release: () => closeSync(place.fd),
  };
}

/** Whether a path as the guest wrote it ends like a directory's: `x/`, `x/.`. */
export function endsAsDirectory(given: string): boolean {
  return /\/\.{0,2}$/.test(given);
}

/** A path as the guest wrote it, resolved as text from the cell's working directory. */
export function resolveGiven(given: string): string {
  return posix.resolve("/", given);
}

/** The place of a name in its directory. A symlink of that name is not followed. */
export function locateName(path: string): ResolvedPath {
  const name = posix.basename(path);
  const directory = locate(posix.dirname(path), true);
  if (name === "") return directory;
  return { ...directory, path: below(directory.path, name), missing: [...directory.missing, name] };
}

export function mustExist(place: ResolvedPath): void {
  if (place.errno !== null) throw place.errno;
}

/**
 * Checks the kind of the file that a descriptor holds, before it is opened: opening a pipe or a device may block, never end, or
 * have an effect. Returns its size in bytes.
 */
export function mustBeFile(held: BigIntStats): number {
  if (held.isDirectory()) throw errnoError("EISDIR", -21, "illegal operation on a directory");
  if (!held.isFile()) throw errnoError("EINVAL", -22, "not a regular file");
  return Number(held.size);
}

export function errnoError(code: string, errno: number, text: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${text}`), { code, errno });
}

function bounded(find: () => ResolvedPath, given: string): ResolvedPath {
  let place: ResolvedPath;
  try {
    place = find();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENAMETOOLONG")
      throw new Malformed("the real path is too long", given);
    throw error;
  }
  if (place.path.length <= MAX_REQUEST_TARGET) return place;
  closeSync(place.fd);
  throw new Malformed("the real path is too long", given);
}

function askBounded(again: AskAgain, path: string, operation: string | undefined): void {
  if (path.length > MAX_REQUEST_TARGET) throw errnoError("ENAMETOOLONG", -36, "name too long");
  again(path, operation);
}

/** The error as Node would give it, with the path that the guest wrote. The resolved path would tell the guest about the host. */
function asGuestErrno(
  error: unknown,
  syscall: string,
  given: string | undefined,
  dest: string | undefined,
): unknown {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || typeof errno !== "number") return error;
  const text = (error as Error).message.replace(/^[A-Z0-9_]+: /, "").replace(/, .*$/s, "");
  const from = given === undefined ? "" : ` '${given}'`;
  const to = dest === undefined ? "" : ` -> '${dest}'`;
  const failed = new Failed(`${code}: ${text}, ${syscall}${from}${to}`, {
    code,
    errno,
    syscall,
    ...(given === undefined ? {} : { path: given }),
    ...(dest === undefined ? {} : { dest }),
  });
  return sameRefusal(failed, error);
}
