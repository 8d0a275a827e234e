import * as timers from "#runtime";

import { abortError } from "./abort-error.ts";
import { AbortSignal } from "./event-target.ts";

interface Options {
  readonly signal?: AbortSignal;
}

/** Starts something that ends by itself or by the signal. */
async function settled<T>(
  value: T,
  { signal }: Options,
  start: (done: () => void) => object,
  stop: (timer: object) => void,
): Promise<T> {
  if (signal?.aborted === true) throw abortError(signal);
  return await new Promise((resolve, reject) => {
    const abort = (): void => {
      stop(timer);
      if (signal !== undefined) reject(abortError(signal));
    };
    const timer = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    });
    signal?.addEventListener("abort", abort);
  });
}

export const setTimeout = async <T>(ms?: number, value?: T, options: Options = {}) =>
  await settled(value, options, (done) => timers.setTimeout(done, ms), timers.clearTimeout);

export const setImmediate = async <T>(value?: T, options: Options = {}) =>
  await settled(value, options, (done) => timers.setImmediate(done), timers.clearImmediate);

export async function* setInterval<T>(ms?: number, value?: T, options: Options = {}) {
  for (;;) yield await setTimeout(ms, value, options);
}

export const scheduler = {
  wait: async (ms: number, options: Options = {}) => await setTimeout(ms, undefined, options),
  yield: async () => await setImmediate(),
};
