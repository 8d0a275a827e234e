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

// Here a guard asks the kernel what it says to an operation, before the broker is asked and without an effect: where the broker then
// refuses, the record says whether it was the only barrier. Each asks by a call that changes nothing, or that the kernel refuses before
// anything is changed. What cannot be asked so is not asked: making a file or a directory, and writing where the plan lets the cell write.

const { O_RDONLY, O_WRONLY, O_DIRECTORY, O_NOCTTY, O_NONBLOCK, R_OK, W_OK, X_OK } = constants;

/** Some files of these systems act on being opened, whatever kind they say they are. */
const PSEUDO = /^\/(?:dev|proc|sys)(?:\/|$)/;

/** How long an answer is good for, milliseconds: a guest that is refused the same again and again does not pay for the question each time. */
const GOOD_FOR_MS = 200;

/** Most answers that are kept. */
const MAX_KEPT = 64;

/**
 * How many questions may be asked at once, and how many more with each request and each millisecond. One takes up to a quarter of the time
 * of a refused request, so a guest that goes through names as fast as it can spends a thirtieth of its time on them, and most of its
 * records say that the kernel was not asked.
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
let countedAt = performance.now();

/** Asks once for the same in a while. Never throws: what cannot be asked is not asked. */
function asked(
  operation: string,
  path: string,
  ask: () => KernelProbe | undefined,
): KernelProbe | undefined {
  if (PSEUDO.test(path)) return undefined;
  const key = `${operation} ${path}`;
  const now = performance.now();
  const more = QUESTIONS_A_REQUEST + (now - countedAt) * QUESTIONS_A_MS;
  questions = Math.min(questions + more, MAX_QUESTIONS);
  countedAt = now;
  const known = kept.get(key);
  if (known !== undefined && now - known.at < GOOD_FOR_MS) return known.said;
  if (questions < 1) return undefined;
  questions -= 1;
  let said: KernelProbe | undefined;
  const { stackTraceLimit } = Error;
  // A refusal is thrown, and its stack is not asked for: to collect it would take as long again as the refusal.
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

/** Asks whether a file may be read. */
export function probeRead(place: ResolvedPath): KernelProbe | undefined {
  if (place.errno !== null) return undefined;
  return asked("read", place.path, () => opened(place.fd, isFile, O_RDONLY, R_OK));
}

/** Asks whether a directory may be listed. */
export function probeList(place: ResolvedPath): KernelProbe | undefined {
  if (place.errno !== null) return undefined;
  return asked("list", place.path, () =>
    opened(place.fd, (found) => found.isDirectory(), O_RDONLY | O_DIRECTORY, R_OK),
  );
}

/**
 * Asks whether a file that is there may be written, where the plan says that it may not: opened for writing and closed again, a file would
 * look to who watches it as if it had been written.
 *
 * @param writable The trees in which it may.
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
 * Asks whether a name may be taken out of its directory: renamed to itself it stays as it is (rename(2): of one file nothing is done), and
 * Landlock is asked first whether a file of that kind may be removed there and be made there.
 *
 * @param directory With the name as the one that is missing below it.
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

/** Asks whether a program may be read, which the kernel demands of who executes it (`do_open_execat` opens it for both). */
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

/** Opens what is held, and lets go of it. Only what it is asked for: a pipe or a device may act on being opened. */
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
