import type { Bridge } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";

export type Callback = (...args: unknown[]) => unknown;
export type Callbacks = ReturnType<typeof callbacks>;

/** Calls functions that the guest gave as callbacks. Planted by its source text. */
export function callbacks({ broken }: Pick<Bridge, "broken">, { apply, whenSettled }: Primordials) {
  /** Calls a callback in its own turn. If the callback throws, the guest has left a rejection unhandled. */
  function callLater(callback: Callback, args: unknown[]): void {
    let isCalled = false;
    // Set the flag where the call itself begins, so that an error from before is not taken for the guest's.
    const called = (): Callback => ((isCalled = true), callback);
    whenSettled(
      undefined,
      () => void apply(called(), undefined, args),
      // Waiting for undefined never rejects by itself: a rejection means that this code was cut off.
      broken,
      (error) => {
        if (!isCalled) broken();
        throw error;
      },
    );
  }

  /** Calls a callback with what a promise of ours ends in: `(null, value)`, or the error alone. */
  function calledBack(answer: Promise<unknown>, callback: Callback): void {
    whenSettled(
      answer,
      (value) => callLater(callback, value === undefined ? [null] : [null, value]),
      (error) => callLater(callback, [error]),
      broken,
    );
  }

  return { broken, callLater, calledBack };
}
