import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two signs of life of the holder. */
const BEAT_MS = 1000;
/** Milliseconds without one after which the holder counts as dead: ten missed heartbeats, so that a slow machine does not lose its lock. */
const STALE_MS = 10_000;

export interface LockOptions {
  /** Called once, when another process holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Runs one at a time, across processes, whatever shares the name of a lock folder.
 *
 * @remarks The holder's sign of life is the folder's time of change, so that a killed holder, in a container or not, holds
 * others up for at most ten seconds. Two may run at once after a holder was suspended for longer: `run` must stay
 * correct even then, and may only waste work.
 */
export async function withLock<T>(
  folder: string,
  run: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  for (let waiting = false; !(await acquire(folder)); waiting = true) {
    if (!waiting) options.onWait?.();
    if (!(await isStale(folder)) || !(await breakLock(folder))) await sleep(200);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(folder, now, now).catch(() => {});
  }, BEAT_MS);
  try {
    return await run();
  } finally {
    clearInterval(beat);
    await rm(folder, { recursive: true, force: true });
  }
}

async function acquire(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function isStale(folder: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(folder)).mtimeMs > STALE_MS;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

/**
 * Removes a stale lock. One process at a time does it, and looks again first: another that found the lock stale may have
 * removed it meanwhile, and the one that is there now may belong to a live process.
 *
 * @returns false if another process is removing it.
 */
async function breakLock(folder: string): Promise<boolean> {
  const breaking = `${folder}.breaking`;
  if (!(await acquire(breaking))) {
    // The process that was removing it has died too.
    if (await isStale(breaking)) await rm(breaking, { recursive: true, force: true });
    return false;
  }
  try {
    if (await isStale(folder)) await bury(folder);
    return true;
  } finally {
    await rm(breaking, { recursive: true, force: true });
  }
}

// Renamed first, in one step: emptied in place, another process could take it while it is half removed.
async function bury(folder: string): Promise<void> {
  const grave = `${folder}.${randomUUID()}`;
  try {
    await rename(folder, grave);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  await rm(grave, { recursive: true, force: true });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
