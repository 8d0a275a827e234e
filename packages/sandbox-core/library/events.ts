import EventEmitter from "events/events.js";

import { abortError } from "./abort-error.ts";
import { invalidArgument } from "./argument-errors.ts";
import process from "./process.ts";

/** Listeners for it see an error before those for "error", and do not count as such. */
const errorMonitor = Symbol("events.errorMonitor");

/** The part of `node:events` that the library does not have. */
const more = {
  errorMonitor,
  getEventListeners: (emitter: EventEmitter, name: string): unknown[] => emitter.listeners(name),
  getMaxListeners: (emitter: EventEmitter): number => emitter.getMaxListeners(),
  setMaxListeners: (count: number, ...emitters: EventEmitter[]): void => {
    if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
    for (const emitter of emitters)
      if (emitter instanceof EventEmitter) emitter.setMaxListeners(count);
  },
  on,
  once,
};

type Emit = (this: EventEmitter, name: string | symbol, ...args: unknown[]) => boolean;
const prototype = EventEmitter.prototype as EventEmitter & { emit: Emit };
const emitBare = prototype.emit;

function emit(this: EventEmitter, name: string | symbol, ...args: unknown[]): boolean {
  if (name === "error") {
    if (this.listenerCount(errorMonitor) > 0) emitBare.call(this, errorMonitor, ...args);
    const [error] = args;
    if (this.listenerCount("error") === 0 && !(error instanceof Error)) {
      const { inspect } = require("./inspect.ts") as { inspect: (value: unknown) => string };
      throw Object.assign(new Error(`Unhandled error. (${inspect(error)})`), {
        code: "ERR_UNHANDLED_ERROR",
        context: error,
      });
    }
  }
  return emitBare.call(this, name, ...args);
}
Object.defineProperty(prototype, "emit", { value: emit, configurable: true, writable: true });

const checkBare = prototype.on;
for (const name of [
  "on",
  "addListener",
  "once",
  "prependListener",
  "prependOnceListener",
] as const) {
  const old = prototype[name] as (name: string | symbol, listener: unknown) => EventEmitter;
  const checked = {
    [name](this: EventEmitter, event: string | symbol, listener: unknown): EventEmitter {
      if (typeof listener !== "function")
        throw invalidArgument("listener", "of type function", listener);
      warnOfMany(this, event);
      return old.call(this, event, listener);
    },
  }[name] as typeof checkBare;
  Object.defineProperty(prototype, name, { value: checked, configurable: true, writable: true });
}

/** Warns in the words of Node before the listener that is one too many. The library would print the emitter with all that it holds. */
function warnOfMany(emitter: EventEmitter, event: string | symbol): void {
  const { _events: all } = emitter as unknown as {
    readonly _events?: Record<string | symbol, unknown>;
  };
  const list = all?.[event] as (unknown[] & { warned?: boolean }) | undefined;
  const most = emitter.getMaxListeners();
  if (!Array.isArray(list) || list.warned === true) return;
  if (most <= 0 || list.length < most) return;
  list.warned = true;
  const { inspect } = require("./inspect.ts") as { inspect: Inspect };
  const what = `${list.length + 1} ${String(event)} listeners added to ${inspect(emitter, { depth: -1 })}`;
  process.emitWarning(
    `MaxListenersExceededWarning: Possible EventEmitter memory leak detected. ${what}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`,
  );
}
type Inspect = (value: unknown, options?: object) => string;

const onceBare = EventEmitter.once as (emitter: object, name: string) => Promise<unknown[]>;

/** The arguments of the next event. */
async function once(
  emitter: EventEmitter,
  name: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<unknown[]> {
  if (signal === undefined) return await onceBare(emitter, name);
  if (signal.aborted) throw abortError(signal);
  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
  const stop = (): void => reject(abortError(signal));
  signal.addEventListener("abort", stop, { once: true });
  const heard = (...args: unknown[]): void => resolve(args);
  const failed = (error: unknown): void => reject(error);
  emitter.once(name, heard);
  if (name !== "error") emitter.once("error", failed);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    emitter.off(name, heard);
    emitter.off("error", failed);
  }
}

interface OnOptions {
  readonly signal?: AbortSignal;
  readonly close?: readonly string[];
}

/** An iterator over the arguments of each event from now on. */
function on(emitter: EventEmitter, name: string, { signal, close = [] }: OnOptions = {}) {
  const waiting: {
    resolve: (result: IteratorResult<unknown[]>) => void;
    reject: (error: unknown) => void;
  }[] = [];
  const ready: unknown[][] = [];
  let failure: { readonly error: unknown } | undefined;
  let isDone = false;
  const next = (...args: unknown[]): void => {
    const first = waiting.shift();
    if (first === undefined) ready.push(args);
    else first.resolve({ value: args, done: false });
  };
  const fail = (error: unknown): void => {
    const first = waiting.shift();
    if (first === undefined) failure = { error };
    else first.reject(error);
    void end();
  };
  const end = (): Promise<IteratorResult<unknown[]>> => {
    isDone = true;
    emitter.off(name, next);
    emitter.off("error", fail);
    for (const closing of close) emitter.off(closing, stop);
    signal?.removeEventListener("abort", abort);
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const stop = (): void => void end();
  const abort = (): void => fail(abortError(signal));
  signal?.throwIfAborted();
  signal?.addEventListener("abort", abort);
  emitter.on(name, next);
  if (name !== "error") emitter.on("error", fail);
  for (const closing of close) emitter.on(closing, stop);
  return {
    next: async (): Promise<IteratorResult<unknown[]>> => {
      const value = ready.shift();
      if (value !== undefined) return { value, done: false };
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      if (isDone) return { value: undefined, done: true };
      return await new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
      });
    },
    return: end,
    throw: (error: unknown) => fail(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

Object.assign(EventEmitter, more);

/** What Node's emitters hold too, which a program sees where it prints one. */
const shapeMode = Symbol("shapeMode");
const captures = Symbol("kCapture");
const begin = EventEmitter as unknown as { init: (this: object, ...args: unknown[]) => void };
const initBare = begin.init;
begin.init = function init(...args) {
  initBare.apply(this, args);
  Object.assign(this, { [shapeMode]: false, [captures]: false });
};

export { EventEmitter as default, EventEmitter as "module.exports" };
