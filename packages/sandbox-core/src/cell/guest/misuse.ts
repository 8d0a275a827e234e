import type { Primordials } from "./primordials.ts";

export type Misuse = ReturnType<typeof misuse>;

/** The errors by which Node refuses an argument, with its codes and words. Planted by its source text. */
export function misuse({
  Error,
  indexOf,
  lower,
  own,
  slice,
  text,
  RangeError,
  TypeError,
}: Primordials) {
  function coded(error: Error, code: string): Error {
    own(error, "code", code, true);
    return error;
  }

  function nameIn(value: unknown, key: "name" | "constructor"): unknown {
    try {
      return (value as Record<string, unknown>)[key];
    } catch {
      return undefined;
    }
  }

  /** A value in Node's words. What is the guest's in it only comes back to the guest. */
  function shown(value: unknown): string {
    if (typeof value === "string") return `'${slice(value, 0, 128)}'`;
    return slice(text(value), 0, 128) + (typeof value === "bigint" ? "n" : "");
  }

  function received(value: unknown): string {
    if (value === undefined || value === null) return text(value);
    if (typeof value === "function") return `function ${text(nameIn(value, "name"))}`;
    if (typeof value === "object") {
      const name = nameIn(nameIn(value, "constructor"), "name");
      return typeof name === "string" && name !== ""
        ? `an instance of ${slice(name, 0, 128)}`
        : "[Object: null prototype] {}";
    }
    const whole = shown(value);
    const isLong = typeof value === "string" && value.length > 25;
    return `type ${typeof value} (${isLong ? `${slice(whole, 0, 26)}...'` : whole})`;
  }

  const encodings =
    " utf8 utf-8 hex base64 base64url ascii latin1 binary ucs2 ucs-2 utf16le utf-16le ";

  return {
    received,
    badType: (name: string, expected: string, value: unknown): Error => {
      const what = indexOf(name, ".") === -1 ? "argument" : "property";
      return coded(
        new TypeError(`The "${name}" ${what} must be ${expected}. Received ${received(value)}`),
        "ERR_INVALID_ARG_TYPE",
      );
    },
    badValue: (name: string, why: string, value: unknown): Error =>
      coded(
        new TypeError(`The argument '${name}' ${why}. Received ${shown(value)}`),
        "ERR_INVALID_ARG_VALUE",
      ),
    outOfRange: (name: string, range: string, value: unknown): Error =>
      coded(
        new RangeError(
          `The value of "${name}" is out of range. It must be ${range}. Received ${shown(value)}`,
        ),
        "ERR_OUT_OF_RANGE",
      ),
    /** An option, or a value of it, that has an effect in Node and that no cell has. */
    notOffered: (name: string, value?: unknown): Error =>
      coded(
        new TypeError(
          value === undefined
            ? `The option '${name}' is not offered in a cell`
            : `The option '${name}' is not offered in a cell with the value ${shown(value)}`,
        ),
        "ERR_INVALID_ARG_VALUE",
      ),
    unknownEncoding: (value: unknown): Error =>
      coded(
        new TypeError(`Unknown encoding: ${slice(text(value), 0, 128)}`),
        "ERR_UNKNOWN_ENCODING",
      ),
    /** What an operation ends in whose signal is aborted. */
    aborted: (reason: unknown): Error => {
      const error = coded(new Error("The operation was aborted"), "ABORT_ERR");
      own(error, "name", "AbortError");
      own(error, "cause", reason);
      return error;
    },
    /** Whether it is the name of an encoding of bytes as text. */
    isEncoding: (value: unknown): boolean =>
      typeof value === "string" &&
      indexOf(value, " ") === -1 &&
      indexOf(encodings, ` ${lower(value)} `) !== -1,
  };
}
