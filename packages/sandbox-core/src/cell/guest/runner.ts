import type { Answers } from "./answers-and-errors.ts";
import type { Bridge, GuestHandles, Outcome } from "./bridge.ts";
import type { Primordials } from "./primordials.ts";
import type { Values } from "./cloneable-values.ts";

/** Runs programs and calls, and keeps the outcome of each until the cell takes it. Planted by its source text. */
export function runner(
  bridge: Pick<Bridge, "done">,
  { apply, create, indirectEval, realm, slice, TypeError, whenSettled }: Primordials,
  { denialOf }: Answers,
  shown: (value: unknown) => string,
  { plain, mayNotHoldModule }: Values,
  limits: { readonly maxText: number },
): Pick<GuestHandles, "run" | "call" | "take" | "takePlain"> {
  const outcomes = create(null) as Record<number, Outcome>;
  /** The outcome that was taken last. It is kept because the cell may have failed to copy it, and then takes it again with `takePlain`. */
  let taken: Outcome = { ok: true, value: undefined };
  let takenId = 0;

  function read(value: unknown, name: string, fallback: string): string {
    try {
      const field = (value as Record<string, unknown>)[name];
      return typeof field === "string" ? slice(field, 0, limits.maxText) : fallback;
    } catch {
      return fallback;
    }
  }

  function end(execId: number, outcome: Outcome): void {
    outcomes[execId] = outcome;
    bridge.done(execId);
  }

  /** Ends a call with a value. A function cannot leave the cell, so it becomes undefined. */
  function succeed(execId: number, value: unknown): void {
    end(execId, { ok: true, value: typeof value === "function" ? undefined : value });
  }

  function fail(execId: number, error: unknown): void {
    if ((typeof error === "object" && error !== null) || typeof error === "function") {
      end(execId, {
        ok: false,
        denial: denialOf(error),
        name: read(error, "name", "Error"),
        message: read(error, "message", ""),
        stack: read(error, "stack", ""),
      });
    } else {
      end(execId, {
        ok: false,
        denial: null,
        name: "Error",
        message: `Uncaught ${slice(shown(error), 0, limits.maxText)}`,
        stack: "",
      });
    }
  }

  function finish(execId: number, work: () => unknown): void {
    taken = { ok: true, value: undefined };
    let value: unknown;
    let isThenable = false;
    try {
      value = work();
      if ((typeof value === "object" && value !== null) || typeof value === "function")
        isThenable = typeof (value as { then?: unknown }).then === "function";
    } catch (error) {
      fail(execId, error);
      return;
    }
    if (!isThenable) {
      succeed(execId, value);
      return;
    }
    whenSettled(
      value,
      (settled) => succeed(execId, settled),
      (error) => fail(execId, error),
      // Catches what the two handlers above throw, so that the call always ends.
      (error) => fail(execId, error),
    );
  }

  return {
    run: (execId, source) => finish(execId, () => indirectEval(source) as unknown),
    call: (execId, name, args) =>
      finish(execId, () => {
        const target = realm[name];
        if (typeof target !== "function")
          throw new TypeError(`globalThis.${name} is not a function`);
        return apply(target as (...args: unknown[]) => unknown, undefined, args);
      }),
    take: (execId) => {
      takenId = 0;
      taken = outcomes[execId] as Outcome;
      takenId = execId;
      delete outcomes[execId];
      if (taken.ok) mayNotHoldModule();
      return taken;
    },
    takePlain: (execId) => {
      // Compare the id: if `take` was cut off, the outcome taken last belongs to another call.
      const outcome = takenId === execId ? taken : (outcomes[execId] as Outcome);
      return outcome.ok ? { ok: true, value: plain(outcome.value) } : outcome;
    },
  };
}
