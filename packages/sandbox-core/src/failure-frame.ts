// The frame of a call that failed. Both processes load this file.

import { encodeFrame, Frame } from "./frames.ts";

/** Longest text of a failure, bytes: the 8192 UTF-16 code units that the guest runtime lets through, at 3 bytes each. */
export const MAX_FAILURE_TEXT_BYTES = 3 * 8192;

/** Most further errors of one failure: causes, and the errors of an AggregateError. */
export const MAX_NESTED_ERRORS = 12;

/** Longest text of a further error, in UTF-16 code units. */
export const MAX_NESTED_TEXT = 1024;

/** The same in bytes. */
export const MAX_NESTED_TEXT_BYTES = 3 * MAX_NESTED_TEXT;

/** What an error says of itself. */
export interface ErrorTexts {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** `s` and a text, or `n` and a number; empty if the error has none. */
  readonly code?: string;
}

/** What the value of a `cause` or an entry of `errors` may be, by the letter that stands for it on the wire. */
export const NESTED_KINDS = {
  e: "an error",
  t: "a text, which is its message",
  n: "a number, in decimal in its message",
  c: "true, false or null, by name in its message",
} as const;

/** A `cause` or an entry of `errors`. */
export interface NestedError extends ErrorTexts {
  readonly kind: keyof typeof NESTED_KINDS;
  /** Whose it is: 0 for the failure itself, n for the n-th of `nested`. It always stands before this one. */
  readonly of: number;
  readonly as: "cause" | "errors";
}

/** How a call into the cell failed. On the wire its texts stand in this order, each in UTF-8 after its length in bytes, u32 LE. */
export interface Failure extends ErrorTexts {
  /** The id of the denial that the guest did not catch. */
  readonly denial?: string;
  readonly nested?: readonly NestedError[];
}

export function encodeFailure(id: number, failure: Failure): Buffer {
  const { denial = "", nested = [] } = failure;
  const texts = [
    denial,
    ...textsOf(failure),
    ...nested.flatMap((error) => [`${error.kind}${error.as} ${error.of}`, ...textsOf(error)]),
  ];
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return encodeFrame(Frame.failure, id, Buffer.concat(parts));
}

function textsOf({ name, message, stack, code = "" }: ErrorTexts): string[] {
  return [name, message, stack, code];
}
