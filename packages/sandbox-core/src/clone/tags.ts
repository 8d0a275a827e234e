import { Barred, Refused } from "./cursor.ts";

// The letters of V8's wire format (value-serializer.cc) that mean more than a kind of value.

/** End markers of containers, and of an Error. */
export const END = { object: 0x7b, sparse: 0x40, dense: 0x24, map: 0x3a, set: 0x2c, error: 0x2e };
export const HOLE = 0x2d;
export const INTEGER = 0x49;

/** Letters of the kinds of Errors: E, R, F, S, T, U. */
export const ERROR_KINDS = new Set([0x45, 0x52, 0x46, 0x53, 0x54, 0x55]);

/** Kinds that structured clone supports and that may not leave a cell, by their letters. */
const BARRED = new Map([
  [0x52, "a RegExp, which would be compiled where it arrives"], // R
  [0x7e, "a resizable ArrayBuffer, which would reserve what it could grow to"], // ~
  [0x75, "a SharedArrayBuffer"], // u
  [0x77, "a WebAssembly.Module"], // w
  [0x6d, "a WebAssembly.Memory"], // m
]);

/** Why a value that begins with this letter is refused. */
export function refusedKind(tag: number): Refused {
  const barred = BARRED.get(tag);
  return barred === undefined
    ? new Refused(`it holds a value of a kind that cells never send (tag ${tag.toString(16)})`)
    : new Barred(`it holds ${barred}`);
}
