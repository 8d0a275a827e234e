import { cleanText } from "@pyisolate/policy";

import type { Failure } from "../frames.ts";

/** Longest message of a guest's error, in UTF-16 code units. */
const MAX_MESSAGE = 4096;
/** Most lines of a guest's stack. */
const MAX_FRAMES = 32;

/**
 * A guest program failed by itself. All of its text comes from the guest; it is bounded, and free of control and bidirectional
 * characters.
 */
export class GuestError extends Error {
  /** The `name` of the guest's error. */
  readonly guestName: string;
  /** The frames of the guest's own program; nothing of the host or of the cell. */
  readonly guestStack: string;

  constructor({ name, message, stack }: Failure) {
    super(cleanText(message, MAX_MESSAGE));
    this.guestName = cleanText(name, 128) || "Error";
    this.guestStack = cleanStack(stack);
    Object.defineProperty(this, "stack", {
      value: `${this.name}: ${this.guestName}: ${this.message}${this.guestStack === "" ? "" : `\n${this.guestStack}`}`,
      configurable: true,
      writable: true,
    });
  }

  override get name(): string {
    return "GuestError";
  }
}

/** Stack frames that are not the guest's: of the runtime, of the layers below it, and of the eval that runs the program. */
const FOREIGN = /pyisolate:|isolated-vm|node:|file:\/\/|^\s+at eval \(<anonymous>\)$/;

function cleanStack(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !FOREIGN.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => `    ${cleanText(line.trim(), 256)}`)
    .join("\n");
}

/** The cell has ended, and cannot run anything any more. */
export class ClosedError extends Error {
  constructor(cell: string, why: string) {
    super(`The cell "${cell}" has ended (${why}); spawn another one`);
  }

  override get name(): string {
    return "ClosedError";
  }
}

/** A cell could not be started, or this host cannot run cells at all. */
export class CellStartError extends Error {
  override get name(): string {
    return "CellStartError";
  }
}
