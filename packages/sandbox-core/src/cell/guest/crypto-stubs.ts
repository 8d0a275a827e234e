import type { Answers } from "./answers-and-errors.ts";
import type { Primordials } from "./primordials.ts";
import type { GuestArguments } from "./guest-arguments.ts";

/** `crypto`, and the replacement of `Math.random`. Planted by its source text. */
export function cryptoStubs(
  { byteLengthOf, freeze, setBytes, tagOf }: Primordials,
  { ask }: Answers,
  { bytesOf }: GuestArguments,
) {
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
  const webcrypto = freeze({ getRandomValues, randomUUID });
  return {
    webcrypto,
    module: freeze({ getRandomValues, randomUUID, webcrypto }),
    random: (): unknown => ask([0, "Math.random"]),
  };
}
