import { Barred, Refused, TooMuch } from "./cursor.ts";
import { Scan } from "./scan.ts";

/** Why the bytes of a structured clone are not decoded. */
export interface CloneProblem {
  /** Completes "the value cannot be taken: ". */
  readonly why: string;
  /** `much`: a value like others, but more of it than can be decoded. `barred`: it holds what does not travel. `broken`: it is no value. */
  readonly kind: "much" | "barred" | "broken";
}

/** Undefined where the bytes may be decoded. The work is bounded like the value's own. */
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
