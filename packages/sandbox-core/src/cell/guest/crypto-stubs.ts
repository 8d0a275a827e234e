import type { Answers } from "./answers-and-errors.ts";
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
    min,
    own,
    RangeError,
    setBytes,
    tagOf,
  }: Primordials,
  { ask }: Answers,
  { bytesOf }: GuestArguments,
  { asBuffer, load }: LibraryLoader,
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

  // What needs no authority is the library's.
  const subtle = freeze({
    digest: async (...args: unknown[]): Promise<unknown> => await library("digest", args),
  });
  const webcrypto = freeze({ getRandomValues, randomUUID, subtle });
  const module: Record<string, unknown> = {
    getRandomValues,
    randomBytes,
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
