import { cleanText } from "@pyisolate/policy";

import type { ErrorTexts, Failure, NestedError } from "../failure-frame.ts";
import { guestFrames } from "../guest-frames.ts";

/** Longest message of a guest's error, in UTF-16 code units. */
const MAX_MESSAGE = 4096;

/** A value that a guest threw, or gave as a `cause`. Its text is cleaned like that of {@link GuestError}. */
export type GuestThrown = GuestError | string | number | boolean | null;

/**
 * A guest program failed by itself. All of its text comes from the guest; it is bounded, and free of control and bidirectional
 * characters.
 */
export class GuestError extends Error {
  /** The `name` of the guest's error. */
  readonly guestName: string;
  /** The frames of the guest's own program, for a syntax error its place; nothing of the host or of the cell. */
  readonly guestStack: string;
  /** The `code` of the guest's error; not there if that has none. */
  declare readonly code?: string | number;
  /** The `cause` of the guest's error; not there if that has none. At most 12 causes and errors of one failure are kept. */
  declare readonly cause?: GuestThrown;
  /** The `errors` of a guest's AggregateError; not there if it has none. */
  declare readonly errors?: readonly GuestThrown[];

  /** @internal */
  constructor({ name, message, stack, code = "", nested = [] }: Failure) {
    super(cleanText(message, MAX_MESSAGE));
    this.guestName = cleanText(name, 128) || "Error";
    this.guestStack = cleanStack(stack);
    define(
      this,
      "stack",
      `${this.name}: ${this.guestName}: ${this.message}${this.guestStack === "" ? "" : `\n${this.guestStack}`}`,
    );
    if (code !== "") define(this, "code", codeOf(code), true);
    addNested(this, nested);
  }

  override get name(): string {
    return "GuestError";
  }
}

function define(error: Error, name: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, name, { value, enumerable, configurable: true, writable: true });
}

function codeOf(code: string): string | number {
  const rest = code.slice(1);
  return code.startsWith("n") ? Number(rest) : cleanText(rest, 128);
}

/** Gives an error its causes and errors, and them theirs. */
function addNested(error: GuestError, nested: readonly NestedError[]): void {
  const values: GuestThrown[] = [error];
  const errors = new Map<GuestError, GuestThrown[]>();
  for (const { kind, of, as, ...texts } of nested) {
    const value = thrownValue(kind, texts);
    values.push(value);
    const owner = values[of];
    if (!(owner instanceof GuestError)) continue;
    if (as === "cause") define(owner, "cause", value);
    else errors.set(owner, [...(errors.get(owner) ?? []), value]);
  }
  for (const [owner, list] of errors) define(owner, "errors", Object.freeze(list));
}

function thrownValue(kind: NestedError["kind"], texts: ErrorTexts): GuestThrown {
  switch (kind) {
    case "e":
      return new GuestError(texts);
    case "n":
      return Number(texts.message);
    case "c":
      return texts.message === "null" ? null : texts.message === "true";
    case "t":
      return cleanText(texts.message, MAX_MESSAGE);
  }
}

/** The guest's own frames, cleaned. */
export function cleanStack(stack: string): string {
  return guestFrames(stack)
    .map((line) => `    ${cleanText(line.trim(), 256)}`)
    .join("\n");
}
