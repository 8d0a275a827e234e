import { invalidArgument, invalidValue, notOffered, outOfRange } from "./argument-errors.ts";

// Arguments of the functions of `node:fs` that take the number of an open file, read as Node reads them.

const MAX_INT32 = 2 ** 31 - 1;

export function integer(
  name: string,
  value: unknown,
  least = Number.MIN_SAFE_INTEGER,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number") throw invalidArgument(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
  return value;
}

/** The number of a file. `-0` is 0. */
export const fdOf = (value: unknown): number => integer("fd", value, 0, MAX_INT32) + 0;

export type Callback = (...args: unknown[]) => unknown;

export function callbackOf(value: unknown): Callback {
  if (typeof value !== "function") throw invalidArgument("cb", "of type function", value);
  return value as Callback;
}

/**
 * Takes off the callback: it may come before its place, where arguments are left out.
 *
 * @param place Where Node looks for it if there is none before.
 */
export const last = (args: readonly unknown[], place: number): readonly [unknown[], Callback] => {
  const first = args.findIndex((arg) => typeof arg === "function");
  const at = first === -1 ? place : Math.min(first, place);
  return [args.slice(0, at), callbackOf(args[at])];
};
const O = { WRONLY: 1, RDWR: 2, CREAT: 64, EXCL: 128, TRUNC: 512, APPEND: 1024 };
const NEW = O.CREAT | O.TRUNC;
const MORE = O.CREAT | O.APPEND;
const FLAGS: Readonly<Record<string, number>> = {
  r: 0,
  "r+": O.RDWR,
  w: NEW | O.WRONLY,
  wx: NEW | O.WRONLY | O.EXCL,
  "w+": NEW | O.RDWR,
  "wx+": NEW | O.RDWR | O.EXCL,
  a: MORE | O.WRONLY,
  ax: MORE | O.WRONLY | O.EXCL,
  "a+": MORE | O.RDWR,
  "ax+": MORE | O.RDWR | O.EXCL,
};
/** Node's other spellings, and those that have each write wait for the disk, which a cell has not. */
const SPELLINGS: Readonly<Record<string, string>> = {
  xw: "wx",
  "xw+": "wx+",
  xa: "ax",
  "xa+": "ax+",
};
const SYNCHRONOUS = /^(?:rs|sr|as|sa)\+?$/;

/** Flags as the kernel has them. */
export function flagsOf(given: unknown): number {
  if (given === undefined || given === null) return 0;
  if (typeof given === "number") {
    const flags = integer("flags", given, -MAX_INT32 - 1, MAX_INT32) + 0;
    const access = flags & (O.WRONLY | O.RDWR);
    const known = O.WRONLY | O.RDWR | O.CREAT | O.EXCL | O.TRUNC | O.APPEND;
    const emptiesUnwritten = access === 0 && (flags & O.TRUNC) !== 0;
    if ((flags & ~known) !== 0 || access === 3 || emptiesUnwritten)
      throw notOffered("flags", given);
    return flags;
  }
  if (typeof given === "string") {
    const name = SPELLINGS[given] ?? given;
    if (Object.hasOwn(FLAGS, name)) return FLAGS[name] ?? 0;
    if (SYNCHRONOUS.test(given)) throw notOffered("flags", given);
  }
  throw invalidValue("flags", "is invalid", given);
}

/** A part of a buffer, and where in the file it goes or comes from. */
export interface Part {
  readonly view: ArrayBufferView;
  readonly offset: number;
  readonly length: number;
  /** -1 for where the last use has ended. */
  readonly position: number;
}

interface Given {
  readonly buffer?: unknown;
  readonly offset?: unknown;
  readonly length?: unknown;
  readonly position?: unknown;
}

const isGiven = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !ArrayBuffer.isView(value);

export function optionsObject(given: unknown): Given {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given))
    throw invalidArgument("options", "of type object", given);
  return given;
}

export function bufferOf(value: unknown): ArrayBufferView {
  if (!ArrayBuffer.isView(value))
    throw invalidArgument("buffer", "an instance of Buffer, TypedArray, or DataView", value);
  return value;
}

/** Reads the arguments after the buffer that is read into: `(offset, length, position)`, or one object of them. Null if there is nothing to read. */
export function partToRead(buffer: unknown, given: readonly unknown[]): Part | null {
  const view = bufferOf(buffer);
  const size = view.byteLength;
  let [offset, length, position] = given;
  if (given.length <= 1 || isGiven(offset) || offset === null) {
    const { offset: from = 0, length: most, position: at = null } = optionsObject(offset);
    [offset, length, position] = [from, most ?? size - Number(from), at];
  }
  const from = offset === undefined || offset === null ? 0 : integer("offset", offset, 0);
  // Node takes the low 32 bits, with a sign.
  const most = Math.trunc(Number(length)) | 0;
  const at = positionOf(position, most);
  if (most === 0) return null;
  if (size === 0) throw invalidValue("buffer", "is empty and cannot be written", view);
  if (most < 0) throw outOfRange("length", ">= 0", most);
  if (from + most > size) throw outOfRange("length", `<= ${size - from}`, most);
  return { view, offset: from, length: most, position: at };
}

/** The place for reading; Node takes it as a bigint too. */
function positionOf(given: unknown, length: number): number {
  if (given === undefined || given === null) return -1;
  if (typeof given !== "number" && typeof given !== "bigint")
    throw invalidArgument("position", "of type bigint or integer", given);
  if (typeof given === "number") return integer("position", given, -1) + 0;
  const most = 2n ** 63n - 1n - BigInt(length);
  if (given < -1n || given > most) throw outOfRange("position", `>= -1 && <= ${most}`, given);
  // No file is longer than that.
  return Math.min(Number(given), Number.MAX_SAFE_INTEGER - Math.max(length, 0));
}

/** The place for writing, and for several buffers: what is no place means where the last use has ended. */
export const placeOf = (given: unknown): number =>
  Number.isSafeInteger(given) && (given as number) >= 0 ? (given as number) : -1;

/** Reads the arguments after the bytes that are written. */
export function partToWrite(view: ArrayBufferView, given: readonly unknown[]): Part {
  const size = view.byteLength;
  let [offset, length, position] = given;
  if (typeof offset === "object" && offset !== null) {
    const { offset: from = 0, length: most, position: at } = optionsObject(offset);
    [offset, length, position] = [from, most ?? size - Number(from), at];
  }
  const from = offset === undefined || offset === null ? 0 : integer("offset", offset, 0);
  const most = typeof length === "number" ? length : size - from;
  if (from > size) throw outOfRange("offset", `<= ${size}`, from);
  if (most > size - from) throw outOfRange("length", `<= ${size - from}`, most);
  if (most < 0) throw outOfRange("length", ">= 0", most);
  integer("length", most, 0, MAX_INT32);
  return { view, offset: from, length: most, position: placeOf(position) };
}

export function viewsOf(given: unknown): readonly ArrayBufferView[] {
  // A copy, so that its length and items stay what was checked.
  const views: unknown[] | undefined = Array.isArray(given) ? [...(given as unknown[])] : undefined;
  if (views?.every((view) => ArrayBuffer.isView(view)) !== true)
    throw invalidArgument("buffers", "an ArrayBufferView[]", given);
  return views;
}

const ENCODING = /^(?:utf-?8|utf-?16le|ucs-?2|base64(?:url)?|latin1|binary|hex|ascii)$/i;

export const isEncoding = (given: unknown): boolean =>
  typeof given === "string" && ENCODING.test(given);

/** The encoding of a text to write; Node takes an unknown one for UTF-8. */
export function encodingOf(text: string, given: unknown): string {
  const encoding = isEncoding(given) ? (given as string).toLowerCase() : "utf8";
  if (encoding === "hex" && text.length % 2 !== 0)
    throw invalidValue("encoding", `is invalid for data of length ${text.length}`, given);
  return encoding;
}
