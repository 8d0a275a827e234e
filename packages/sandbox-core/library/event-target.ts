import { Event, EventTarget, setErrorHandler } from "event-target-shim";

import { queueMicrotask } from "#runtime";

// An error that a listener throws must not reach the caller of `dispatchEvent`: it is reported as an unhandled one.
setErrorHandler((error) => {
  queueMicrotask(() => {
    throw error;
  });
});

class CustomEvent extends Event {
  readonly #detail: unknown;

  constructor(
    type: string,
    init: { detail?: unknown } & ConstructorParameters<typeof Event>[1] = {},
  ) {
    super(type, init);
    this.#detail = init.detail ?? null;
  }

  get detail(): unknown {
    return this.#detail;
  }
}

export { AbortController, AbortSignal } from "./abort.ts";
export { DOMException } from "./dom-exception.ts";
export { CustomEvent, Event, EventTarget };
