import { cloneProblem, type CloneProblem } from "../clone/clone-problem.ts";
import { encodeSmall } from "../clone/encode-small.ts";
import { encodeByV8, encodeClone } from "../clone/structured-clone.ts";
import type { Answer, Given } from "./guest/bridge.ts";

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
 * The bytes of a value's structured clone; undefined for a value that cannot be copied as it is, such as a function or one whose getter
 * throws.
 *
 * @throws NotPortable for a value that is too large, which it would also be made plain.
 */
function asItIs(take: () => unknown, check: Check | undefined): Buffer | undefined {
  try {
    const value = take();
    const small = encodeSmall(value);
    if (small !== undefined) return small;
    const bytes = encodeByV8(value);
    const problem = check?.(bytes);
    if (problem === undefined) return bytes;
    if (problem.kind === "much") throw new NotPortable(problem.why);
  } catch (error) {
    if (error instanceof NotPortable) throw error;
  }
  return undefined;
}

/** @throws NotPortable */
function madePlain(take: () => unknown, check: Check | undefined): Buffer {
  let bytes: Buffer;
  try {
    bytes = encodeClone(take());
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
 * Converts a value of the guest to the bytes of its structured clone. A value that cannot be copied as it is, such as one with
 * getters, is taken once more, made of plain values: it then travels, or the error names the value that does not.
 *
 * @param take Takes the value out of the isolate, as it is or made plain. May throw what a getter of the guest throws.
 * @param check Tells the guest at once that the host would refuse the value. Left out, the host tells its caller.
 * @throws NotPortable
 */
export function portable(take: (plain: boolean) => unknown, check?: Check): Buffer {
  return asItIs(() => take(false), check) ?? madePlain(() => take(true), check);
}

/**
 * Sends a value of the guest. Returns what the guest gets: undefined, the failure of a value that cannot leave, what `send` returns, or
 * `p` for a copy that cannot be sent.
 *
 * @param what Its name in the failure.
 * @param takePlain Takes the value out of the isolate, made plain.
 * @param most Longest value that may be sent, bytes.
 */
export function sendValue(
  what: string,
  [isCopied, value]: Given,
  takePlain: () => unknown,
  most: number,
  send: (value: Buffer) => Answer,
): Answer {
  let bytes: Buffer | undefined;
  try {
    const check = checkBelow(most);
    bytes = isCopied ? asItIs(() => value, check) : madePlain(takePlain, check);
  } catch (error) {
    if (!(error instanceof NotPortable)) throw error;
    return `e${JSON.stringify({ type: "TypeError", message: `${what} cannot leave the cell: ${error.message}` })}`;
  }
  return bytes === undefined ? "p" : send(bytes);
}
