import type { Answers } from "./answers-and-errors.ts";
import type { Bridge } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Primordials } from "./primordials.ts";
import type { Values } from "./cloneable-values.ts";

/** `post` and `queueMicrotask`. Planted by its source text. */
export function globals(
  bridge: Pick<Bridge, "post">,
  { own, TypeError }: Primordials,
  { callLater }: Callbacks,
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
    if (typeof callback !== "function") {
      const error = new TypeError(`The "callback" argument must be of type function`);
      own(error, "code", "ERR_INVALID_ARG_TYPE", true);
      throw error;
    }
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
