import type { Answers } from "./answers-and-errors.ts";
import type { Bridge } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Misuse } from "./misuse.ts";
import type { Values } from "./cloneable-values.ts";

/** `post` and `queueMicrotask`. Planted by its source text. */
export function globals(
  bridge: Pick<Bridge, "post">,
  { callLater }: Callbacks,
  { badType }: Pick<Misuse, "badType">,
  { valueOf }: Answers,
  { plain, mayNotHoldModule }: Values,
) {
  let posted: unknown;
  const post = (message: unknown): void => {
    posted = message;
    try {
      valueOf(bridge.post());
    } finally {
      posted = undefined;
    }
  };

  const queueMicrotask = (callback: unknown): void => {
    if (typeof callback !== "function") throw badType("callback", "of type function", callback);
    callLater(callback as Callback, []);
  };

  return {
    offered: { post, queueMicrotask },
    takePost: () => {
      mayNotHoldModule();
      return { value: posted };
    },
    takePlainPost: () => ({ value: plain(posted) }),
  };
}
