import { Barred, Refused, TooMuch } from "./cursor.ts";
import { Scan } from "./scan.ts";

/** Why the bytes of a structured clone are not decoded. */
export interface CloneProblem {
  /** Completes "the value cannot be taken: ". */
  readonly why: string;
  /**
   * `much`: a valid value that is too large to decode. `barred`: a value that holds a kind which may not travel. `broken`: bytes
   * that are not a value.
   */
  readonly kind: "much" | "barred" | "broken";
}

/** Checks the bytes of a structured clone before they are decoded. Undefined if they may be. The check's own work is bounded too. */
export function cloneProblem(bytes: Buffer): CloneProblem | undefined {
  try {
    new Scan(bytes).whole();
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const kind = error instanceof TooMuch ? "much" : error instanceof Barred ? "barred" : "broken";
    return { why: error.message, kind };
  }
}
