import { encodeClone } from "../clone.ts";
import { encodeFrame, encodeJson, type Failure, Frame } from "../frames.ts";
import type { Answer, Outcome } from "./guest/bridge.ts";

/** Longest explanation of a result that cannot be carried, in UTF-16 code units. */
const MAX_WHY = 512;

/**
 * What the host is told of a call's end.
 *
 * @param take Takes the outcome out of the isolate; it may throw what a getter of the guest's throws.
 * @param spend The refusal, where so many bytes are too many.
 */
export function outcomeFrame(
  id: number,
  take: () => Outcome,
  spend: (bytes: number) => Answer,
): Buffer {
  try {
    const outcome = take();
    if (!outcome.ok) {
      const { denial, name, message, stack } = outcome;
      const failure: Failure = { ...(denial === null ? {} : { denial }), name, message, stack };
      return encodeJson(Frame.failure, id, failure);
    }
    const bytes = encodeClone(outcome.value);
    const refusal = spend(bytes.length);
    if (refusal === undefined) return encodeFrame(Frame.result, id, bytes);
    return encodeJson(Frame.failure, id, refused(refusal));
  } catch (error) {
    const why = error instanceof Error ? error.message : "a getter threw";
    const message = `the result cannot be carried by structured clone: ${why}`.slice(0, MAX_WHY);
    const failure: Failure = { name: "DataCloneError", message, stack: "" };
    return encodeJson(Frame.failure, id, failure);
  }
}

/** A refusal's answer (`rcapability reason id`) as the failure of the call that it ended. */
function refused(answer: Answer): Failure {
  const [capability = "", reason = "", denial = ""] = String(answer).slice(1).split(" ");
  return { denial, name: "PolicyError", message: `${capability} denied (${reason})`, stack: "" };
}
