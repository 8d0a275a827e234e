import { writeSync } from "node:fs";

import { OUT_OF_STEP } from "../frames.ts";

/**
 * Whether a question was sent whose answer has not been read to its end. Only {@link closeExchange} resets it. If anything throws
 * in between, it stays true, and the next operation ends the process.
 */
let isOpen = false;

/** How many entries into our own code have begun and not ended. One that was cut off never ends. */
let begun = 0;

/** Begins an exchange with the broker or the command thread: one question and its whole answer. */
export function openExchange(): void {
  demandInStep();
  isOpen = true;
}

/** Ends an exchange: the answer to its question has been read to the end. */
export function closeExchange(): void {
  isOpen = false;
}

/**
 * Must be called right before each effect. Without it, a cell that was cut off during an exchange could use the grant of another
 * request.
 *
 * @param before What `entriesBegun` was before the guest ran. An entry that has begun since and not ended was cut off together
 *   with its handlers: what it had to do never happens, and its call would wait for its wall limit.
 */
export function demandInStep(before = begun): void {
  if (isOpen) endOutOfStep("an exchange was cut off");
  if (begun !== before) endOutOfStep("an entry was cut off");
}

/** How many entries stand around this call; see {@link demandInStep}. */
export function entriesBegun(): number {
  return begun;
}

/**
 * Ends the process, because the next answer can no longer be matched to its question. Uses SIGKILL so that no JavaScript runs
 * between this call and the end: no exit handler, no `finally`, no microtask.
 */
export function endOutOfStep(why: unknown): never {
  // Loop: if this code is cut off too, it begins again, so that nothing else runs.
  for (let says = true; ; says = false) {
    try {
      isOpen = true;
      if (says) say(why);
      process.kill(process.pid, "SIGKILL");
    } catch {
      // Writing the reason failed. The host still learns that the process has ended.
    }
  }
}

function say(why: unknown): void {
  const text = why instanceof Error ? `${why.name}: ${why.message}` : String(why);
  writeSync(2, `${OUT_OF_STEP}${text.slice(0, 256)}\n`);
}

/** Runs an entry of the guest or the host into our own code. If it throws, the state is unknown, and the process ends. */
export function orEnd<R>(entry: () => R): R {
  begun += 1;
  try {
    const result = entry();
    begun -= 1;
    return result;
  } catch (error) {
    return endOutOfStep(error);
  }
}
