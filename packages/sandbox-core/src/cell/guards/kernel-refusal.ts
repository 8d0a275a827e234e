import { accessSync } from "node:fs";

import type { KernelRefusal } from "../../frames.ts";
import { IS_CONFINED } from "../confined.ts";

/** EACCES, as Node gives it. */
const REFUSED = -13;

/** The errno of our seccomp filter, which the kernel uses nowhere else: `REFUSAL_ERRNO` of `packages/launcher/src/filter-rules.h`. */
const FILTERED = -129;

/** What a guard saw of the kernel layer, by the error with which the operation failed. */
const seen = new WeakMap<object, KernelRefusal>();

/** What a guard saw of the kernel layer; undefined for a failure of the operation itself. */
export function kernelRefusal(error: unknown): KernelRefusal | undefined {
  return typeof error === "object" && error !== null ? seen.get(error) : undefined;
}

/** Copies the note to an error that stands for another one. */
export function sameRefusal<E extends object>(error: E, because: unknown): E {
  const refusal = kernelRefusal(because);
  if (refusal !== undefined) seen.set(error, refusal);
  return error;
}

/**
 * Performs an operation that Landlock checks before ordinary permissions: making or removing a name.
 *
 * @param what The kind of the name's file. Landlock has a right for each kind.
 * @throws What `act` throws, noted.
 */
export function hooked<R>(what: "file" | "directory", act: () => R): R {
  try {
    return act();
  } catch (error) {
    throw noted(error, () => (what === "file" ? "hook" : "directory"));
  }
}

/**
 * Performs an operation that Landlock checks after ordinary permissions have allowed it: opening a file or listing a directory.
 *
 * @param mode The mode for access(2), which Landlock does not govern.
 * @throws What `act` throws, noted.
 */
export function permitted<R>(path: string, mode: number, act: () => R): R {
  try {
    return act();
  } catch (error) {
    throw noted(error, () => (mayAccess(path, mode) ? "differential" : undefined));
  }
}

/** Notes on an error what it shows of the kernel layer. */
export function noted(error: unknown, atRefusal: () => KernelRefusal | undefined): unknown {
  if (!IS_CONFINED || typeof error !== "object" || error === null) return error;
  const { errno } = error as NodeJS.ErrnoException;
  const refusal = errno === FILTERED ? "filter" : errno === REFUSED ? atRefusal() : undefined;
  if (refusal !== undefined) seen.set(error, refusal);
  return error;
}

/** Notes on an error that a command ended by SIGSYS, the signal by which our filter ends a process. */
export function ended<E extends object>(error: E, signal: string | null): E {
  if (IS_CONFINED && signal === "SIGSYS") seen.set(error, "ended");
  return error;
}

/** Whether ordinary permissions allow it. */
export function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
