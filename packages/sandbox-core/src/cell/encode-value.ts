import { cloneProblem, type CloneProblem } from "../clone/clone-problem.ts";
import { encodeClone } from "../clone/structured-clone.ts";
import type { Answer } from "./guest/bridge.ts";

/** Longest explanation of a value that cannot leave the cell, in UTF-16 code units. */
const MAX_WHY = 512;

/** A value cannot leave the cell. The message says why, and at which place in the value. */
export class NotPortable extends Error {}

/** Says why the host would refuse the bytes; undefined if it would take them. */
export type Check = (bytes: Buffer) => CloneProblem | undefined;

/** The host's own check, for at most `most` bytes: longer values are refused by their length alone. */
function checkBelow(most: number): Check {
  return (bytes) => (bytes.length > most ? undefined : cloneProblem(bytes));
}

/**
 * Converts a value of the guest to the bytes of its structured clone. A value that cannot be copied as it is, such as one with
 * getters, is made of plain values first.
 *
 * @param take Takes the value out of the isolate, as it is or made plain. May throw what a getter of the guest throws.
 * @param check Tells the guest at once that the host would refuse the value. Left out, the host tells its caller.
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
    // Take it once more, made plain: it then travels, or the error names the value that does not.
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

/**
 * Takes a value of the guest out of the isolate and sends it. Returns what the guest gets: undefined, the failure of a value that
 * cannot leave, or what `send` returns.
 *
 * @param what Its name in the failure.
 * @param most Longest value that may be sent, bytes.
 */
export function sendValue(
  what: string,
  take: (plain: boolean) => unknown,
  most: number,
  send: (value: Buffer) => Answer,
): Answer {
  let value: Buffer;
  try {
    value = portable(take, checkBelow(most));
  } catch (error) {
    if (!(error instanceof NotPortable)) throw error;
    return `e${JSON.stringify({ type: "TypeError", message: `${what} cannot leave the cell: ${error.message}` })}`;
  }
  return send(value);
}
