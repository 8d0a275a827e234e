import { accessSync } from "node:fs";

import type { KernelRefusal } from "../../frames.ts";
import { IS_CONFINED } from "../confined.ts";

/** EACCES, as Node gives it. */
const REFUSED = -13;

/** The errno of our seccomp filter, which nothing else uses: `REFUSAL_ERRNO` of `packages/launcher/src/filter-rules.h`. */
const FILTERED = -129;

/** What was seen of the kernel's layer when an operation failed, by the error that it failed with. */
const seen = new WeakMap<object, KernelRefusal>();

/** What a guard saw of the kernel's layer; undefined where the failure is the operation's own. */
export function kernelRefusal(error: unknown): KernelRefusal | undefined {
  return typeof error === "object" && error !== null ? seen.get(error) : undefined;
}

/** Keeps what was seen where an error is told in other words. */
export function sameRefusal<E extends object>(error: E, because: unknown): E {
  const refusal = kernelRefusal(because);
  if (refusal !== undefined) seen.set(error, refusal);
  return error;
}

/**
 * Does what Landlock may refuse before ordinary permissions are looked at: what makes or removes a name.
 *
 * @param what Whose name: Landlock has a right for each.
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
 * Does what Landlock may refuse after ordinary permissions have allowed it: what opens a file or lists a directory.
 *
 * @param mode What is asked of access(2), which Landlock does not govern.
 * @throws What `act` throws, noted.
 */
export function permitted<R>(path: string, mode: number, act: () => R): R {
  try {
    return act();
  } catch (error) {
    throw noted(error, () => (mayAccess(path, mode) ? "differential" : undefined));
  }
}

/** Notes on an error what it says of the kernel's layer. */
export function noted(error: unknown, atRefusal: () => KernelRefusal | undefined): unknown {
  if (!IS_CONFINED || typeof error !== "object" || error === null) return error;
  const { errno } = error as NodeJS.ErrnoException;
  const refusal = errno === FILTERED ? "filter" : errno === REFUSED ? atRefusal() : undefined;
  if (refusal !== undefined) seen.set(error, refusal);
  return error;
}

/** Notes on an error that a command has ended by the signal with which our filter ends a process. */
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
