import type { Bridge } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";

export type Callback = (...args: unknown[]) => unknown;
export type Callbacks = ReturnType<typeof callbacks>;

/** Calls functions that the guest gave to be called later. Planted by its source text. */
export function callbacks({ broken }: Pick<Bridge, "broken">, { apply, whenSettled }: Primordials) {
  /** Calls it in a turn of its own. What it throws is a rejection that the guest left unhandled. */
  function callLater(callback: Callback, args: unknown[]): void {
    let isCalled = false;
    // Read where the call itself begins, so that what is thrown before it is not taken for the guest's.
    const called = (): Callback => ((isCalled = true), callback);
    whenSettled(
      undefined,
      () => void apply(called(), undefined, args),
      // That there is nothing to wait for is no reason: it was cut off before.
      broken,
      (error) => {
        if (!isCalled) broken();
        throw error;
      },
    );
  }

  return { broken, callLater };
}
