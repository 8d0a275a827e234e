import { clearTimeout, setTimeout } from "#runtime";

type Shared = Int32Array<SharedArrayBuffer> | BigInt64Array<SharedArrayBuffer>;

interface Waiter {
  /** The place in the buffer, bytes. */
  readonly at: number;
  readonly wake: () => void;
}

type Native = Pick<typeof Atomics, "notify" | "waitAsync">;

/** The longest delay of a timer, milliseconds: no call into a cell lasts longer. */
const LONGEST = 0x7fffffff;
/** By buffer: who waits, first come first. */
const waiting = new WeakMap<object, Waiter[]>();

/** A number that the engine's own function converts at its turn. */
function later(convert: () => number): number {
  return { valueOf: convert } as unknown as number;
}

/** Makes both anew from the engine's own. */
export function made(native: Native): Native {
  /**
   * `Atomics.waitAsync` without the tasks that an isolate does not run. The engine's own function checks and compares, with a time limit of
   * 0, so that it never waits itself.
   */
  function waitAsync(
    array: Shared,
    index: number,
    value: never,
    timeout?: unknown,
  ): ReturnType<typeof Atomics.waitAsync> {
    let place = 0;
    let limit = Infinity;
    const compared = native.waitAsync(
      array as Int32Array<SharedArrayBuffer>,
      later(() => (place = Math.trunc(Number(index)) || 0)),
      value,
      later(() => {
        const given = +(timeout as number);
        limit = Number.isNaN(given) ? Infinity : Math.max(given, 0);
        return 0;
      }),
    );
    if (compared.value !== "timed-out" || limit === 0) return compared;
    const at = array.byteOffset + place * array.BYTES_PER_ELEMENT;
    const result = new Promise<"ok" | "timed-out">((resolve) => {
      const list = waiting.get(array.buffer) ?? [];
      waiting.set(array.buffer, list);
      const timer =
        limit > LONGEST
          ? undefined
          : setTimeout(() => {
              list.splice(list.indexOf(waiter), 1);
              resolve("timed-out");
            }, limit);
      const waiter: Waiter = {
        at,
        wake: () => {
          if (timer !== undefined) clearTimeout(timer);
          resolve("ok");
        },
      };
      list.push(waiter);
    });
    return { async: true, value: result };
  }

  /** `Atomics.notify` for those who wait by `waitAsync` above. */
  function notify(array: Shared, index: number, count?: unknown): number {
    let place = 0;
    let most = Infinity;
    const woken = native.notify(
      array as Int32Array,
      later(() => (place = Math.trunc(Number(index)) || 0)),
      count === undefined
        ? undefined
        : later(() => {
            const given = Math.trunc(+(count as number)) || 0;
            most = Math.max(given, 0);
            return most;
          }),
    );
    const at = array.byteOffset + place * array.BYTES_PER_ELEMENT;
    const list = waiting.get(array.buffer) ?? [];
    let mine = 0;
    for (let next = 0; next < list.length && woken + mine < most;) {
      if (list[next]?.at !== at) next += 1;
      else {
        mine += 1;
        list.splice(next, 1)[0]?.wake();
      }
    }
    return woken + mine;
  }

  // The engine's own can be called with fewer arguments, and their `length` says more.
  Object.defineProperty(waitAsync, "length", { value: 4, configurable: true });
  Object.defineProperty(notify, "length", { value: 3, configurable: true });
  return { notify, waitAsync } as Native;
}
