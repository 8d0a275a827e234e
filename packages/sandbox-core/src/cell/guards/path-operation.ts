import { closeSync, fstatSync } from "node:fs";
import { posix } from "node:path";

import { type KernelProbe, MAX_REQUEST_TARGET } from "../../frames.ts";
import type { Answer, Primitive } from "../guest/bridge.ts";
import { below, isStillNamed, locate, type ResolvedPath } from "../real-path.ts";
import { pathText } from "./arguments.ts";
import { type AskAgain, Failed, Malformed, type Prepared } from "./guard.ts";
import { sameRefusal } from "./kernel-refusal.ts";

/**
 * How often an operation starts again because what it is about came, went or was replaced between being found and being used.
 * A try takes some 20 us, and a process that replaces a file as fast as it can was seen to win nine in a row.
 */
const MAX_RACES = 100;

/** From so many races in a row on, a try waits a moment first: two loops of one length, each on a core of its own, can stay in step. */
const WAITS_FROM = 8;
/** The longest wait, for each race so far: milliseconds. All together wait 0.2 s at most. */
const WAIT_MS = 0.04;

const never = new Int32Array(new SharedArrayBuffer(4));

/** What was found is not there any more, or something is that was not: it is to be found, and asked for, again. */
export class PathRaced extends Error {}

/**
 * To be called right before each effect of an operation that has several: the directory in which it happens may have been
 * moved since the operation was decided, or since the step before. The effect itself goes by descriptor, so what is left is
 * the time between this check and the very next system call: at most one step lands where the directory has just gone.
 *
 * @throws PathRaced where the directory is not at the path that was decided.
 */
export function mustStillBeNamed(directory: Pick<ResolvedPath, "fd" | "held">): void {
  if (!isStillNamed(directory)) throw new PathRaced();
}

/** What an operation works with. */
export interface Found {
  readonly place: ResolvedPath;
  /** The path as the guest wrote it says that it is a directory: `x/`, `x/.`. */
  readonly asDirectory: boolean;
  /** One more request by the same operation. */
  readonly ask: (path: string) => void;
}

export interface PathOperationOptions {
  readonly find?: (path: string, asDirectory: boolean) => ResolvedPath;
  /** Asks the kernel without an effect. */
  readonly probe?: (place: ResolvedPath) => KernelProbe | undefined;
}

/**
 * A request on a place. It is found before the decision and used, by descriptor, after it; where the decided path has come to
 * name something else by then, it is found again, and asked for again where its path is another.
 */
export function pathOperation(
  value: Primitive,
  syscall: string,
  act: (found: Found) => Answer,
  { find = locate, probe }: PathOperationOptions = {},
): Prepared {
  const given = pathText(value);
  const asDirectory = /\/\.{0,2}$/.test(given);
  // A cell's working directory is `/`. `..` goes by text: through the kernel, a guest could probe what it may not see by
  // going through it (`/maybe/../granted/file`).
  const path = posix.resolve("/", given);
  const found = (): ResolvedPath => bounded(() => find(path, asDirectory), given);
  let place = found();
  return {
    target: place.path,
    ...(probe === undefined ? {} : { probe: () => probe(place) }),
    perform: (_grant, again) => {
      const ask = (asked: string): void => askBounded(again, asked);
      let granted = place.path;
      try {
        for (let race = 0; race <= MAX_RACES; race++) {
          try {
            if (isStillNamed(place)) return act({ place, asDirectory, ask });
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
        throw asGuestErrno(error, syscall, given);
      }
    },
    release: () => closeSync(place.fd),
  };
}

/** The place of a name in its directory, whatever that name is now: what it points to, if it is a symlink, is not meant. */
export function locateName(path: string): ResolvedPath {
  const name = posix.basename(path);
  const directory = locate(posix.dirname(path), true);
  if (name === "") return directory;
  return { ...directory, path: below(directory.path, name), missing: [...directory.missing, name] };
}

export function mustExist(place: ResolvedPath): void {
  if (place.errno !== null) throw place.errno;
}

/** Asked of the descriptor that names it, before it is opened: a pipe or a device may block, never end, or act on being opened. */
export function mustBeFile(place: ResolvedPath): number {
  const stat = fstatSync(place.fd);
  if (stat.isDirectory()) throw errnoError("EISDIR", -21, "illegal operation on a directory");
  if (!stat.isFile()) throw errnoError("EINVAL", -22, "not a regular file");
  return stat.size;
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

function askBounded(again: AskAgain, path: string): void {
  if (path.length > MAX_REQUEST_TARGET) throw errnoError("ENAMETOOLONG", -36, "name too long");
  again(path);
}

/** The error Node would give, naming the path as the guest wrote it: what it resolved to is the host's business. */
function asGuestErrno(error: unknown, syscall: string, given: string): unknown {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || typeof errno !== "number") return error;
  const text = (error as Error).message.replace(/^[A-Z0-9_]+: /, "").replace(/, .*$/s, "");
  const failed = new Failed(`${code}: ${text}, ${syscall} '${given}'`, {
    code,
    errno,
    syscall,
    path: given,
  });
  return sameRefusal(failed, error);
}
