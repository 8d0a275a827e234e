import type { Bridge } from "./bridge.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Misuse } from "./misuse.ts";
import type { Primordials } from "./primordials.ts";

/** What Node's timer functions return. */
interface TimerObject {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
  refresh(): this;
  close(): this;
  [Symbol.toPrimitive](): number;
  [Symbol.dispose](): void;
}

/** `setTimeout` and its like. Planted by its source text. */
export function timerStubs(
  bridge: Pick<Bridge, "timer" | "clearTimer">,
  { arraySlice, create, Error, min, now, toNumber, trunc }: Primordials,
  { callLater }: Callbacks,
  { badType }: Pick<Misuse, "badType">,
) {
  /** The delay that makes the cell fire in its next turn. */
  const atOnce = -1;

  interface Waiting {
    readonly callback: Callback;
    readonly args: unknown[];
    readonly delay: number;
    readonly repeats: boolean;
  }
  const waiting = create(null) as Record<number, Waiting>;
  let lastTimer = 0;

  function start(id: number, delay: number): void {
    if (!bridge.timer(id, delay)) throw new Error("too many timers");
  }

  function clear(id: number): void {
    delete waiting[id];
    bridge.clearTimer(id);
  }

  /** No process waits for a timer, so `ref` and `unref` change nothing but what `hasRef` says. */
  class Timeout implements TimerObject {
    readonly #id: number;
    readonly #timer: Waiting;
    #hasRef = true;

    constructor(id: number, timer: Waiting) {
      this.#id = id;
      this.#timer = timer;
    }

    ref(): this {
      this.#hasRef = true;
      return this;
    }

    unref(): this {
      this.#hasRef = false;
      return this;
    }

    hasRef(): boolean {
      return this.#hasRef;
    }

    refresh(): this {
      bridge.clearTimer(this.#id);
      start(this.#id, this.#timer.delay);
      waiting[this.#id] = this.#timer;
      return this;
    }

    close(): this {
      clear(this.#id);
      return this;
    }

    [Symbol.toPrimitive](): number {
      return this.#id;
    }

    [Symbol.dispose](): void {
      clear(this.#id);
    }

    static idOf(timer: unknown): number {
      if (typeof timer === "object" && timer !== null) return #id in timer ? timer.#id : 0;
      return typeof timer === "number" || typeof timer === "string" ? toNumber(timer) : 0;
    }
  }

  function timer(callback: unknown, delay: number, args: unknown[], repeats: boolean): TimerObject {
    if (typeof callback !== "function") throw badType("callback", "of type function", callback);
    const id = ++lastTimer;
    start(id, delay);
    const made = { callback: callback as Callback, args, delay, repeats };
    waiting[id] = made;
    return new Timeout(id, made);
  }

  function delayOf(given: unknown): number {
    const milliseconds =
      typeof given === "number" || typeof given === "string" ? toNumber(given) : 0;
    return milliseconds >= 1 && milliseconds <= 0x7fffffff
      ? min(trunc(milliseconds), 0x7fffffff)
      : 1;
  }

  const startedAt = now();
  const clearTimer = (timer: unknown): void => {
    const id = Timeout.idOf(timer);
    if (id > 0) clear(id);
  };

  return {
    timers: {
      setTimeout: (callback: unknown, milliseconds?: unknown, ...args: unknown[]) =>
        timer(callback, delayOf(milliseconds), args, false),
      clearTimeout: (timer?: unknown) => clearTimer(timer),
      setInterval: (callback: unknown, milliseconds?: unknown, ...args: unknown[]) =>
        timer(callback, delayOf(milliseconds), args, true),
      clearInterval: (timer?: unknown) => clearTimer(timer),
      setImmediate: (callback: unknown, ...args: unknown[]) => timer(callback, atOnce, args, false),
      clearImmediate: (timer?: unknown) => clearTimer(timer),
    },
    /** Milliseconds since the cell started, and never less than before: the clock may be set back. */
    elapsed: ((): (() => number) => {
      let last = 0;
      return () => {
        const passed = now() - startedAt;
        if (passed > last) last = passed;
        return last;
      };
    })(),
    startedAt,
    fire: (id: number): void => {
      const fired = waiting[id];
      if (fired === undefined) return;
      if (fired.repeats) start(id, fired.delay);
      else delete waiting[id];
      callLater(fired.callback, arraySlice(fired.args, 0));
    },
  };
}
