import { parseArgs } from "@pkgjs/parseargs";

import { TextDecoder, TextEncoder } from "./encoding.ts";
import { format, formatWithOptions, inspect, stripVTControlCharacters } from "./inspect.ts";
import { callbackify, promisify } from "./promisify.ts";
import { types } from "./value-kinds.ts";

type Constructor = (abstract new (...args: never[]) => object) & { super_?: unknown };

function inherits(constructor: Constructor, parent: Constructor): void {
  Object.defineProperty(constructor, "super_", {
    value: parent,
    writable: true,
    configurable: true,
  });
  Object.setPrototypeOf(constructor.prototype as object, parent.prototype as object);
}

/** Returns the function unchanged: a cell prints no warnings of deprecation. */
const deprecate = <F>(method: F): F => method;

/** Writes nothing, as Node does where NODE_DEBUG does not name the section. */
const debuglog = (): (() => void) & { enabled: boolean } =>
  Object.assign(() => undefined, { enabled: false });

function isDeepStrictEqual(one: unknown, other: unknown): boolean {
  const assert = require("./assert.ts") as Pick<typeof import("node:assert"), "AssertionError"> & {
    deepStrictEqual: (one: unknown, other: unknown) => void;
  };
  try {
    assert.deepStrictEqual(one, other);
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

type Codes = Readonly<Record<string, readonly [number, number] | undefined>>;

interface StyleOptions {
  readonly validateStream?: boolean;
}

/** As in Node, a style has an effect only if the stream is a terminal, which no stream of a cell is, or with `validateStream: false`. */
function styleText(
  style: string | readonly string[],
  text: string,
  { validateStream = true }: StyleOptions = {},
): string {
  const { colors } = inspect as unknown as { readonly colors: Codes };
  let out = text;
  for (const name of [style].flat().toReversed()) {
    const codes = colors[name];
    if (codes === undefined)
      throw new TypeError(
        `The argument 'format' must be one of the known styles. Received '${name}'`,
      );
    if (!validateStream) out = `\u001b[${codes[0]}m${out}\u001b[${codes[1]}m`;
  }
  return out;
}

const toUSVString = (text: unknown): string => String(text).toWellFormed();
const isArray = Array.isArray;

export {
  callbackify,
  debuglog as debug,
  debuglog,
  deprecate,
  format,
  formatWithOptions,
  inherits,
  inspect,
  isArray,
  isDeepStrictEqual,
  parseArgs,
  promisify,
  stripVTControlCharacters,
  styleText,
  TextDecoder,
  TextEncoder,
  toUSVString,
  types,
};
