// The errors with which Node's modules answer arguments of the wrong kind.

type Inspect = (value: unknown, options?: object) => string;

/** Longest text of a value in a message, and how much is shown of a longer one, as in Node. */
const LONGEST = 28;
const SHOWN = 25;

const coded = <E extends Error>(error: E, code: string): E => Object.assign(error, { code });

/** What a value is, in the words of Node's messages. */
function received(value: unknown): string {
  if (value === null || value === undefined) return ` Received ${String(value)}`;
  if (typeof value === "function") return ` Received function ${value.name}`;
  const { inspect } = require("./inspect.ts") as { inspect: Inspect };
  if (typeof value === "object") {
    const { name } = (value as { constructor?: { name?: unknown } }).constructor ?? {};
    return typeof name === "string" && name !== ""
      ? ` Received an instance of ${name}`
      : ` Received ${inspect(value, { depth: -1 })}`;
  }
  const text = inspect(value, { colors: false });
  return ` Received type ${typeof value} (${text.length > LONGEST ? `${text.slice(0, SHOWN)}...` : text})`;
}

/** @param expected As in `of type string`, or `an instance of Event`. */
export function invalidArgument(name: string, expected: string, value: unknown): TypeError {
  const what = name.includes(".") ? "property" : "argument";
  const called = name.endsWith(" argument") ? `The ${name}` : `The "${name}" ${what}`;
  return coded(
    new TypeError(`${called} must be ${expected}.${received(value)}`),
    "ERR_INVALID_ARG_TYPE",
  );
}

/** @param range As in `>= 0 and <= 255`. */
export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const digits = (text: string): string => text.replaceAll(/\B(?=(?:\d{3})+(?!\d))/g, "_");
  const isLong = typeof value === "bigint" ? value > 2n ** 32n || value < -(2n ** 32n) : false;
  const isLongNumber = Number.isInteger(value) && Math.abs(value as number) > 2 ** 32;
  const text = isLong || isLongNumber ? digits(String(value)) : String(value);
  return coded(
    new RangeError(
      `The value of "${name}" is out of range. It must be ${range}. Received ${text}${typeof value === "bigint" ? "n" : ""}`,
    ),
    "ERR_OUT_OF_RANGE",
  );
}

/** @param why As in `is invalid`. */
export function invalidValue(name: string, why: string, value: unknown): TypeError {
  const { inspect } = require("./inspect.ts") as { inspect: Inspect };
  const text = inspect(value);
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text;
  return coded(
    new TypeError(`The argument '${name}' ${why}. Received ${shown}`),
    "ERR_INVALID_ARG_VALUE",
  );
}

/** An option's value that has an effect in Node and that no cell has. */
export const notOffered = (name: string, value: string | number): TypeError =>
  coded(
    new TypeError(
      `The option '${name}' is not offered in a cell with the value ${typeof value === "string" ? `'${value}'` : value}`,
    ),
    "ERR_INVALID_ARG_VALUE",
  );

export const missingArgument = (name: string): TypeError =>
  coded(new TypeError(`The "${name}" argument must be specified`), "ERR_MISSING_ARGS");

export const unknownEncoding = (encoding: unknown): TypeError =>
  coded(new TypeError(`Unknown encoding: ${String(encoding)}`), "ERR_UNKNOWN_ENCODING");
