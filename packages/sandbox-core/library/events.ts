import EventEmitter from "events/events.js";

/** The part of `node:events` that the library does not have. */
const more = {
  getEventListeners: (emitter: EventEmitter, name: string): unknown[] => emitter.listeners(name),
  on,
};

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
  const abort = (): void =>
    fail(
      Object.assign(new Error("The operation was aborted", { cause: signal?.reason }), {
        name: "AbortError",
        code: "ABORT_ERR",
      }),
    );
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

export { EventEmitter as default, EventEmitter as "module.exports" };
