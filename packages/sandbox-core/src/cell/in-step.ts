import { writeSync } from "node:fs";

import { OUT_OF_STEP } from "../frames.ts";

/**
 * Whether a question has gone out whose answer has not been read whole. Only {@link closeExchange} takes it back, so that a
 * throw anywhere in between leaves it standing, and the next operation ends the process.
 */
let isOpen = false;

/** Begins an exchange with the broker or with the command thread: one question, and the whole of its answer. */
export function openExchange(): void {
  demandInStep();
  isOpen = true;
}

/** The answer has been read whole, and is the answer to that question. */
export function closeExchange(): void {
  isOpen = false;
}

/** Called right before each effect. Without it, a cell that was cut off in an exchange could go on with another's grant. */
export function demandInStep(): void {
  if (isOpen) endOutOfStep("an exchange was cut off");
}

/**
 * Ends the process: what the next answer belongs to is not known any more. SIGKILL, since no JavaScript runs between the call
 * and the end: no exit handler, no `finally`, no microtask.
 */
export function endOutOfStep(why: unknown): never {
  // What is cut off here too begins again: nothing else may run any more.
  for (let says = true; ; says = false) {
    try {
      isOpen = true;
      if (says) say(why);
      process.kill(process.pid, "SIGKILL");
    } catch {
      // The host learns that the process has ended, if not why.
    }
  }
}

function say(why: unknown): void {
  const text = why instanceof Error ? `${why.name}: ${why.message}` : String(why);
  writeSync(2, `${OUT_OF_STEP}${text.slice(0, 256)}\n`);
}
