import { invalidArgument, outOfRange } from "./argument-errors.ts";

// Reading and writing numbers, with the bounds and the errors of Node: the library's own let some wrong arguments through.

type NumberMethod = (this: Uint8Array, ...args: unknown[]) => unknown;

function offsetOf(bytes: Uint8Array, offset: unknown, size: number): number {
  if (typeof offset !== "number") throw invalidArgument("offset", "of type number", offset);
  const last = bytes.length - size;
  if (offset >= 0 && offset <= last && Number.isInteger(offset)) return offset;
  if (!Number.isInteger(offset)) throw outOfRange("offset", "an integer", offset);
  if (last < 0) {
    throw Object.assign(new RangeError("Attempt to access memory outside buffer bounds"), {
      code: "ERR_BUFFER_OUT_OF_BOUNDS",
    });
  }
  throw outOfRange("offset", `>= 0 and <= ${last}`, offset);
}

function widthOf(byteLength: unknown): number {
  if (typeof byteLength !== "number")
    throw invalidArgument("byteLength", "of type number", byteLength);
  if (!Number.isInteger(byteLength)) throw outOfRange("byteLength", "an integer", byteLength);
  if (byteLength < 1 || byteLength > 6) throw outOfRange("byteLength", ">= 1 and <= 6", byteLength);
  return byteLength;
}

/** @param bits How many bits the number has. */
function mustFit(value: number, bits: number, isSigned: boolean): void {
  const low = isSigned ? -(2 ** (bits - 1)) : 0;
  const high = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  if (value >= low && value <= high) return;
  const power = isSigned ? bits - 1 : bits;
  const range =
    bits <= 32
      ? `>= ${low} and <= ${high}`
      : isSigned
        ? `>= -(2 ** ${power}) and < 2 ** ${power}`
        : `>= 0 and < 2 ** ${power}`;
  if (!Number.isNaN(value)) throw outOfRange("value", range, value);
}

const wide = (name: string): boolean => /^(?:read|write)U?Int[BL]E$/i.test(name);

function sizeOf(name: string): number {
  if (name.includes("Double") || name.includes("Big")) return 8;
  if (name.includes("Float")) return 4;
  return Number(/\d+/.exec(name)?.[0]) / 8;
}

/** A method that checks its arguments before the library's own does the work. */
export function checkedNumber(name: string, old: NumberMethod): NumberMethod {
  const isWrite = name.startsWith("write");
  const isSigned = !/U[Ii]nt/.test(name);
  const isInteger = /int/i.test(name) && !name.includes("Big");
  return function (...args) {
    const [first, second, third] = args;
    const value = isWrite ? first : undefined;
    const at = isWrite ? second : first;
    const width = isWrite ? third : second;
    const size = wide(name) ? widthOf(width) : sizeOf(name);
    const given = wide(name) ? at : (at ?? 0);
    const number = isWrite && isInteger ? Number(value) : 0;
    if (isWrite && isInteger) mustFit(number, size * 8, isSigned);
    const offset = offsetOf(this, given, size);
    const rest = wide(name) ? [offset, size] : [offset];
    return old.apply(this, isWrite ? [isInteger ? number : value, ...rest] : rest);
  };
}
