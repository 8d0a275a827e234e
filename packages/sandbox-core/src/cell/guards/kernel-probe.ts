import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
} from "node:fs";

import type { KernelProbe } from "../../frames.ts";
import { byDescriptor, O_PATH, type ResolvedPath } from "../real-path.ts";
import { mayAccess } from "./kernel-refusal.ts";

// A guard asks the kernel here what it says to an operation, before it asks the broker. If the broker then refuses, the record
// can say whether the broker was the only barrier. Each probe is a system call that changes nothing, or that the kernel refuses
// before it changes anything. Operations without such a call are not probed: making a file or a directory, and writing where the
// plan lets the cell write.

const { O_RDONLY, O_WRONLY, O_DIRECTORY, O_NOCTTY, O_NONBLOCK, R_OK, W_OK, X_OK } = constants;

/** File systems on which opening any file can have an effect, even one that says that it is a regular file. */
const PSEUDO = /^\/(?:dev|proc|sys)(?:\/|$)/;

/** How long an answer is reused, milliseconds. Without it, a guest that repeats a refused request would pay for a probe each time. */
const GOOD_FOR_MS = 200;

/** Most answers that are kept. */
const MAX_KEPT = 64;

/**
 * The budget for probes: at most so many at once, refilled with each request and each millisecond. A probe takes up to a quarter
 * of the time of a refused request. With the budget, a guest that tries names as fast as it can spends a thirtieth of its time on
 * probes, and most of its records say that the kernel was not asked.
 */
const MAX_QUESTIONS = 16;
const QUESTIONS_A_REQUEST = 1 / 8;
const QUESTIONS_A_MS = 1 / 10;

const EACCES = -13;

interface Kept {
  readonly at: number;
  readonly said: KernelProbe | undefined;
}

const kept = new Map<string, Kept>();
let questions = MAX_QUESTIONS;
let countedAt = milliseconds();

/** Monotonic time. `performance` would make Node load the modules behind it, 0.6 ms of each start of a cell. */
function milliseconds(): number {
  return process.uptime() * 1000;
}

/** Probes, or returns the answer to the same probe of a moment ago. Never throws: if the probe fails, the kernel counts as not asked. */
function asked(
  operation: string,
  path: string,
  ask: () => KernelProbe | undefined,
): KernelProbe | undefined {
  if (PSEUDO.test(path)) return undefined;
  const key = `${operation} ${path}`;
  const now = milliseconds();
  const more = QUESTIONS_A_REQUEST + (now - countedAt) * QUESTIONS_A_MS;
  questions = Math.min(questions + more, MAX_QUESTIONS);
  countedAt = now;
  const known = kept.get(key);
  if (known !== undefined && now - known.at < GOOD_FOR_MS) return known.said;
  if (questions < 1) return undefined;
  questions -= 1;
  let said: KernelProbe | undefined;
  const { stackTraceLimit } = Error;
  // Switch stack traces off: a refusal is thrown, and collecting its stack would take as long again as the refusal.
  Error.stackTraceLimit = 0;
  try {
    said = ask();
  } catch {
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(key, { at: now, said });
  return said;
}

/** The kernel may answer otherwise from now on. */
export function forgetProbes(): void {
  kept.clear();
}

/** Probes whether the kernel lets a file be read. */
export function probeRead(place: ResolvedPath): KernelProbe | undefined {
  if (place.errno !== null) return undefined;
  return asked("read", place.path, () => opened(place.fd, isFile, O_RDONLY, R_OK));
}

/** Probes whether the kernel lets a directory be listed. */
export function probeList(place: ResolvedPath): KernelProbe | undefined {
  if (place.errno !== null) return undefined;
  return asked("list", place.path, () =>
    opened(place.fd, (found) => found.isDirectory(), O_RDONLY | O_DIRECTORY, R_OK),
  );
}

/**
 * Probes whether the kernel lets an existing file be written, in places where the plan says that it does not. Elsewhere it does
 * not probe: to a process that watches the file, opening it for writing and closing it again would look like a write.
 *
 * @param writable The trees in which the plan lets the cell write.
 */
export function probeWrite(
  place: ResolvedPath,
  writable: readonly string[] | undefined,
): KernelProbe | undefined {
  const { path } = place;
  if (place.errno !== null || writable === undefined) return undefined;
  const isPlanned = (tree: string): boolean =>
    path === tree || path.startsWith(tree === "/" ? tree : `${tree}/`);
  if (writable.some(isPlanned)) return undefined;
  return asked("write", path, () => opened(place.fd, isFile, O_WRONLY, W_OK));
}

/**
 * Probes whether the kernel lets a name be removed from its directory, by renaming the name to itself. That changes nothing
 * (rename(2): old and new name of one file), and Landlock first decides whether a file of that kind may be removed there and made
 * there.
 *
 * @param directory The directory, with the name as the one missing component below it.
 */
export function probeRemove(directory: ResolvedPath): KernelProbe | undefined {
  const [name, ...more] = directory.missing;
  if (directory.errno !== null || name === undefined || more.length > 0) return undefined;
  return asked("remove", directory.path, () => {
    const entry = byDescriptor(directory.fd, name);
    return refusalOf(
      () => renameSync(entry, entry),
      () => (lstatSync(entry).isDirectory() ? "directory" : "hook"),
    );
  });
}

/** Probes whether the kernel lets a program be read. Executing demands it: `do_open_execat` opens the file for both. */
export function probeExec(command: string): KernelProbe | undefined {
  if (!command.startsWith("/")) return undefined;
  return asked("exec", command, () => {
    const fd = openSync(command, O_PATH);
    try {
      return opened(fd, isFile, O_RDONLY, R_OK | X_OK);
    } finally {
      closeSync(fd);
    }
  });
}

function isFile(found: Stats): boolean {
  return found.isFile();
}

/** Opens what is held and closes it again, if it is of the right kind: opening a pipe or a device may have an effect. */
function opened(
  fd: number,
  isRight: (found: Stats) => boolean,
  flags: number,
  mode: number,
): KernelProbe | undefined {
  if (!isRight(fstatSync(fd))) return undefined;
  const path = byDescriptor(fd);
  return refusalOf(
    () => closeSync(openSync(path, flags | O_NONBLOCK | O_NOCTTY)),
    () => (mayAccess(path, mode) ? "differential" : undefined),
  );
}

function refusalOf(
  act: () => void,
  atRefusal: () => KernelProbe | undefined,
): KernelProbe | undefined {
  try {
    act();
    return "passed";
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno === EACCES ? atRefusal() : undefined;
  }
}
