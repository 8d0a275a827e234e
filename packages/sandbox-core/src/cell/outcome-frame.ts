import { encodeFailure, encodeFrame, type Failure, Frame, outputCost } from "../frames.ts";
import type { Answer, Outcome } from "./guest/bridge.ts";
import { NotPortable, portable } from "./encode-value.ts";

/**
 * The frame that tells the host how a call ended.
 *
 * @param take Takes the outcome out of the isolate, as it is or made of plain values.
 * @param spend Charges bytes to the call; returns the refusal if the call has too little output left.
 */
export function outcomeFrame(
  id: number,
  take: (plain: boolean) => Outcome,
  spend: (bytes: number) => Answer,
): Buffer {
  let failed: Extract<Outcome, { ok: false }> | undefined;
  try {
    const bytes = portable((plain) => {
      const outcome = take(plain);
      if (outcome.ok) return outcome.value;
      failed = outcome;
      return undefined;
    });
    if (failed !== undefined) return encodeFailure(id, failureOf(failed));
    const refusal = spend(outputCost(bytes));
    if (refusal === undefined) return encodeFrame(Frame.result, id, bytes);
    return encodeFailure(id, refused(refusal));
  } catch (error) {
    if (!(error instanceof NotPortable)) throw error;
    const message = `the result cannot leave the cell: ${error.message}`;
    return encodeFailure(id, { name: "DataCloneError", message, stack: "" });
  }
}

function failureOf({ denial, name, message, stack }: Extract<Outcome, { ok: false }>): Failure {
  return { ...(denial === null ? {} : { denial }), name, message, stack };
}

/** The failure of a call that a refusal ended, from the refusal's answer (`rcapability reason id`). */
function refused(answer: Answer): Failure {
  const [capability = "", reason = "", denial = ""] = String(answer).slice(1).split(" ");
  return { denial, name: "PolicyError", message: `${capability} denied (${reason})`, stack: "" };
}
