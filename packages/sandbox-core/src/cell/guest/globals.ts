import type { Answers } from "./answers-and-errors.ts";
import type { Bridge } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Primordials } from "./primordials.ts";
import type { Values } from "./cloneable-values.ts";

/** `console`, `post` and timers. Planted by its source text. */
export function globals(
  bridge: Bridge,
  primordials: Primordials,
  { callLater }: Callbacks,
  { valueOf }: Answers,
  { plain, mayNotHoldModule }: Values,
  limits: { readonly maxText: number },
) {
  const { create, Error, freeze, min, own, slice, stringify, text, trunc, TypeError } = primordials;

  function shown(value: unknown): string {
    if (typeof value === "string") return value;
    if (typeof value === "symbol" || typeof value === "function") return typeof value;
    if (typeof value !== "object" || value === null) return text(value);
    try {
      return text(value instanceof Error ? value.stack : stringify(value));
    } catch {
      return "[unprintable]";
    }
  }

  const console: Record<string, unknown> = {};
  for (const level of ["debug", "log", "info", "warn", "error"] as const) {
    own(
      console,
      level,
      (...values: unknown[]): void => {
        let line = "";
        for (let index = 0; index < values.length; index++) {
          line += (index === 0 ? "" : " ") + slice(shown(values[index]), 0, limits.maxText);
          if (line.length > limits.maxText) break;
        }
        valueOf(bridge.console(level, slice(line, 0, limits.maxText)));
      },
      true,
    );
  }

  let posted: unknown;
  const post = (message: unknown): void => {
    posted = message;
    try {
      valueOf(bridge.post());
    } finally {
      posted = undefined;
    }
  };

  const timers = create(null) as Record<number, () => void>;
  let lastTimer = 0;
  const setTimeout = (callback: unknown, milliseconds?: unknown, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TypeError("setTimeout needs a function");
    const id = ++lastTimer;
    if (
      !bridge.timer(
        id,
        typeof milliseconds === "number" && milliseconds > 0
          ? min(trunc(milliseconds), 0x7fffffff)
          : 0,
      )
    ) {
      throw new Error("too many timers");
    }
    timers[id] = () => callLater(callback as Callback, args);
    return id;
  };
  const clearTimeout = (id: unknown): void => {
    if (typeof id !== "number") return;
    delete timers[id];
    bridge.clearTimer(id);
  };

  const queueMicrotask = (callback: unknown): void => {
    if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
    callLater(callback as Callback, []);
  };

  return {
    shown,
    offered: { console: freeze(console), post, setTimeout, clearTimeout, queueMicrotask } as Record<
      string,
      unknown
    >,
    takePost: () => {
      mayNotHoldModule();
      return { value: posted };
    },
    takePlainPost: () => ({ value: plain(posted) }),
    fire: (id: number): void => {
      const callback = timers[id];
      delete timers[id];
      callback?.();
    },
  };
}
