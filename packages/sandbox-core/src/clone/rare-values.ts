import { deserialize } from "node:v8";

import { HEADER, Refused } from "./cursor.ts";
import { END } from "./tags.ts";

type View = new (buffer: ArrayBuffer) => NodeJS.ArrayBufferView;

/** The kinds of views by the numbers that Node writes for them (`lib/v8.js`). A Buffer is number 10. */
const VIEWS: readonly (View | undefined)[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  DataView,
  undefined,
  BigInt64Array,
  BigUint64Array,
  // Node 22 has none.
  Reflect.get(globalThis, "Float16Array") as View | undefined,
];
const BUFFER = 10;

/** @throws Refused for a number that names no kind, and for bytes that are no whole number of the view's elements. */
export function viewOf(kind: number, buffer: ArrayBuffer): NodeJS.ArrayBufferView {
  if (kind === BUFFER) return Buffer.from(buffer);
  const View = VIEWS[kind];
  if (View === undefined) throw new Refused("it holds a view of an unknown kind");
  const width = (View as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  if (buffer.byteLength % width !== 0)
    throw new Refused("it holds a view that ends within an element");
  return new View(buffer);
}

/** @param digits The number's bytes, the lowest first. */
export function bigIntOf(digits: Buffer, isNegative: boolean): bigint {
  if (digits.length === 0) return 0n;
  const size =
    digits.length === 8
      ? digits.readBigUInt64LE(0)
      : BigInt(`0x${Buffer.from(digits.toReversed()).toString("hex")}`);
  return isNegative ? -size : size;
}

/**
 * Makes an Error without its cause. V8 does: an Error that JavaScript constructs captures the host's own stack, in a time that
 * hangs on how deep the host's program is.
 *
 * @param parts What the wire has between the tag of an Error and its cause or end: kind, message and stack.
 */
export function errorOf(parts: Buffer): Error {
  return deserialize(
    Buffer.concat([HEADER, Buffer.of(ERROR), parts, Buffer.of(END.error)]),
  ) as Error;
}

const ERROR = 0x72; // r
