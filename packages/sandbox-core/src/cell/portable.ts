import { cloneProblem } from "../clone-bounds.ts";
import { encodeClone } from "../clone.ts";

/** Longest explanation of a value that cannot leave the cell, in UTF-16 code units. */
const MAX_WHY = 512;

/** A value cannot leave the cell. The message says why, and where in the value. */
export class NotPortable extends Error {}

/**
 * A value of the guest's as the bytes of its structured clone. What cannot be copied as it is, a getter for one, is made of plain
 * values first.
 *
 * @param take Takes it out of the isolate, as it is or made plain; it may throw what a getter of the guest's throws.
 * @throws NotPortable
 */
export function portable(take: (plain: boolean) => unknown): Buffer {
  try {
    const bytes = encodeClone(take(false));
    if (cloneProblem(bytes) === undefined) return bytes;
  } catch {
    // The second try can say what it was.
  }
  let bytes: Buffer;
  try {
    bytes = encodeClone(take(true));
  } catch (error) {
    throw new NotPortable(
      (error instanceof Error ? error.message : "a getter threw").slice(0, MAX_WHY),
    );
  }
  const problem = cloneProblem(bytes);
  if (problem === undefined) return bytes;
  throw new NotPortable(problem);
}
