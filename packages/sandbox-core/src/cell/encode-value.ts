import { cloneProblem, type CloneProblem } from "../clone/clone-problem.ts";
import { encodeClone } from "../clone/structured-clone.ts";

/** Longest explanation of a value that cannot leave the cell, in UTF-16 code units. */
const MAX_WHY = 512;

/** A value cannot leave the cell. The message says why, and where in the value. */
export class NotPortable extends Error {}

/** Why the host would not take the bytes. */
export type Check = (bytes: Buffer) => CloneProblem | undefined;

/** The host's own check, for at most so many bytes: more are too many whatever they hold. */
export function checkBelow(most: number): Check {
  return (bytes) => (bytes.length > most ? undefined : cloneProblem(bytes));
}

/**
 * A value of the guest's as the bytes of its structured clone. What cannot be copied as it is, a getter for one, is made of plain
 * values first.
 *
 * @param take Takes it out of the isolate, as it is or made plain; it may throw what a getter of the guest's throws.
 * @param check Where the guest is to be told at once; else the host says it to the one who called.
 * @throws NotPortable
 */
export function portable(take: (plain: boolean) => unknown, check?: Check): Buffer {
  try {
    const bytes = encodeClone(take(false));
    const problem = check?.(bytes);
    if (problem === undefined) return bytes;
    if (problem.kind === "much") throw new NotPortable(problem.why);
  } catch (error) {
    if (error instanceof NotPortable) throw error;
    // Made plain, it can be carried, or says what is in the way.
  }
  let bytes: Buffer;
  try {
    bytes = encodeClone(take(true));
  } catch (error) {
    throw new NotPortable(
      (error instanceof Error ? error.message : "a getter threw").slice(0, MAX_WHY),
    );
  }
  const problem = check?.(bytes);
  if (problem === undefined) return bytes;
  throw new NotPortable(problem.why);
}
