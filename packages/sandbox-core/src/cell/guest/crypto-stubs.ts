import type { Answers } from "./answers-and-errors.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";

/** `crypto`, and the replacement of `Math.random`. Planted by its source text. */
export function cryptoStubs(
  {
    apply,
    bufferOf,
    byteLengthOf,
    Bytes,
    freeze,
    isSafeInteger,
    min,
    own,
    RangeError,
    setBytes,
    tagOf,
  }: Primordials,
  { ask }: Answers,
  { bytesOf }: GuestArguments,
  { asBuffer, load }: LibraryLoader,
  { callLater }: Pick<Callbacks, "callLater">,
) {
  type AnyFunction = (...args: unknown[]) => unknown;

  /** Most bytes of one `getRandomValues`. */
  const maxRandom = 65_536;

  const library = (name: string, args: unknown[]): unknown =>
    apply((load("hashes") as Record<string, AnyFunction>)[name] as AnyFunction, undefined, args);

  function getRandomValues(array: unknown): unknown {
    const bytes = bytesOf(array);
    const kind = tagOf(array);
    const integers =
      kind !== undefined &&
      kind !== "Float16Array" &&
      kind !== "Float32Array" &&
      kind !== "Float64Array";
    const values = ask([
      0,
      "crypto.getRandomValues",
      integers && bytes !== null ? byteLengthOf(bytes) : null,
    ]);
    if (bytes !== null) setBytes(bytes, values);
    return array;
  }
  const randomUUID = (): unknown => ask([0, "crypto.randomUUID"]);

  /** Random bytes in a Buffer, in as many requests as the largest one allows. */
  function randomBytes(size: unknown): unknown {
    if (typeof size !== "number" || !(size >= 0 && size <= 0x7fffffff)) {
      const error = new RangeError(`The value of "size" is out of range.`);
      own(error, "code", "ERR_OUT_OF_RANGE", true);
      throw error;
    }
    const bytes = new Bytes(size);
    for (let at = 0; at < size; at += maxRandom)
      getRandomValues(new Bytes(bufferOf(bytes), at, min(maxRandom, size - at)));
    return asBuffer(bytes);
  }

  /** A whole number from `min` up to, and without, `max`: of 48 random bits, those that would favour some numbers are drawn again. */
  function randomInt(first: unknown, second?: unknown, third?: unknown): number | undefined {
    const isOne = second === undefined || typeof second === "function";
    const low = isOne ? 0 : first;
    const high = isOne ? first : second;
    const done = isOne ? second : third;
    if (!isSafeInteger(low) || !isSafeInteger(high) || high <= low || high - low > 2 ** 48 - 1) {
      const error = new RangeError(`The value of "max" is out of range.`);
      own(error, "code", "ERR_OUT_OF_RANGE", true);
      throw error;
    }
    const range = high - low;
    const limit = 2 ** 48 - (2 ** 48 % range);
    const bytes = new Bytes(6);
    let drawn = limit;
    while (drawn >= limit) {
      getRandomValues(bytes);
      drawn = 0;
      for (let at = 0; at < 6; at++) drawn = drawn * 256 + (bytes[at] as number);
    }
    const value = low + (drawn % range);
    if (typeof done !== "function") return value;
    callLater(done as Callback, [null, value]);
    return undefined;
  }

  // What needs no authority is the library's.
  const subtle = freeze({
    digest: async (...args: unknown[]): Promise<unknown> => await library("digest", args),
  });
  const webcrypto = freeze({ getRandomValues, randomUUID, subtle });
  const module: Record<string, unknown> = {
    getRandomValues,
    randomBytes,
    randomInt,
    randomUUID,
    subtle,
    webcrypto,
  };
  for (const name of ["createHash", "createHmac", "getHashes", "hash", "timingSafeEqual"])
    module[name] = (...args: unknown[]) => library(name, args);

  return {
    webcrypto,
    module: freeze(module),
    random: (): unknown => ask([0, "Math.random"]),
  };
}
