import { encodeFailure, type Failure } from "../failure-frame.ts";
import { encodeFrame, Frame, outputCost } from "../frames.ts";
import type { Answer, Outcome } from "./guest/bridge.ts";
import { NotPortable, portable } from "./encode-value.ts";
import { asFailure, type SyntaxProblem } from "../modules/syntax-problem.ts";

type Failed = Extract<Outcome, { ok: false }>;

/** Finds what the engine refuses in the program's text; undefined if it is the text of no program, or of one that ran. */
export type Locate = () => SyntaxProblem | undefined;

/**
 * The frame that tells the host how a call ended.
 *
 * @param take Takes the outcome out of the isolate, as it is or made of plain values.
 * @param spend Charges bytes to the call; returns the refusal if the call has too little output left.
 * @param locate Called for a failure that is named as a syntax error.
 */
export function outcomeFrame(
  id: number,
  take: (plain: boolean) => Outcome,
  spend: (bytes: number) => Answer,
  locate: Locate,
): Buffer {
  let failed: Failed | undefined;
  try {
    const bytes = portable((plain) => {
      const outcome = take(plain);
      if (outcome.ok) return outcome.value;
      failed = outcome;
      return undefined;
    });
    if (failed !== undefined) return encodeFailure(id, failureOf(failed, locate));
    const refusal = spend(outputCost(bytes));
    if (refusal === undefined) return encodeFrame(Frame.result, id, bytes);
    return encodeFailure(id, refused(refusal));
  } catch (error) {
    if (!(error instanceof NotPortable)) throw error;
    const message = `the result cannot leave the cell: ${error.message}`;
    return encodeFailure(id, { name: "DataCloneError", message, stack: "" });
  }
}

/** The frame of a call that was aborted. */
export function abortedFrame(id: number): Buffer {
  return encodeFailure(id, { name: "AbortError", message: "aborted", stack: "" });
}

function failureOf({ ok: _ok, denial, ...details }: Failed, locate: Locate): Failure {
  if (denial !== null) return { denial, ...details };
  const found = details.name === "SyntaxError" ? locate() : undefined;
  return found === undefined ? details : asFailure(found);
}

/** The failure of a call that a refusal ended, from the refusal's answer (`rcapability reason id`, and a message if there is one). */
function refused(answer: Answer): Failure {
  const [capability = "", reason = "", denial = "", ...words] = String(answer).slice(1).split(" ");
  const message = words.length > 0 ? words.join(" ") : `${capability} denied (${reason})`;
  return { denial, name: "PolicyError", message, stack: "" };
}
