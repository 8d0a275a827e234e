import type { Answers } from "./answers-and-errors.ts";
import type { Bridge } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Misuse } from "./misuse.ts";
import type { PassedValues } from "./passed-values.ts";

/** `post` and `queueMicrotask`. Planted by its source text. */
export function globals(
  bridge: Pick<Bridge, "post">,
  { callLater }: Callbacks,
  { badType }: Pick<Misuse, "badType">,
  { valueOf }: Answers,
  { passOn }: Pick<PassedValues, "passOn">,
) {
  const post = (message: unknown): void => {
    valueOf(passOn(message, (isCopied, value) => bridge.post(isCopied, value)));
  };

  const queueMicrotask = (callback: unknown): void => {
    if (typeof callback !== "function") throw badType("callback", "of type function", callback);
    callLater(callback as Callback, []);
  };

  return { post, queueMicrotask };
}
