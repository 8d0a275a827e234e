/**
 * What the parts of a value cost our decoder, in units of about 10 ns. Measured as thread CPU time of the first decode in a fresh
 * process, before V8 has compiled it, Node 24.21, on the machines that this project is built on.
 */
export const COST = {
  value: 5,
  /** A character of a shorter text than the next. */
  character: 0.8,
  /** A text that Node has to make: longer than `decoder.ts` puts together itself, or of two bytes a character. */
  text: 11,
  place: 1.5,
  /** The first name of an array, of which the decoder makes a table, and each of its names. */
  named: 160,
  name: 30,
  boxed: 15,
  bigInt: 20,
  /** More for a BigInt that is not of 8 bytes, which is spelled and read again. */
  spelled: 45,
  object: 40,
  array: 16,
  collection: 25,
  date: 20,
  error: 200,
  buffer: 60,
  view: 280,
  byte: 0.06,
  /** A byte of a BigInt. */
  digit: 0.8,
} as const;

/** Resident memory that the parts of a value take in addition to their own bytes, in bytes. */
export const MEMORY = {
  place: 8,
  number: 24,
  text: 40,
  object: 100,
  key: 24,
  newKey: 450,
  tableKey: 64,
  newTableKey: 150,
  array: 64,
  named: 400,
  collection: 240,
  buffer: 270,
  view: 650,
} as const;

/** Longest text that the decoder puts together by its characters, bytes. A call into Node takes 100 ns, as long as these. */
export const SHORT = 8;

/** Most keys of an object whose order the decoder remembers. Long before, V8 has made the object a table, which needs no class. */
export const MAX_STEPS = 128;

/**
 * Longest key that the decoder remembers, bytes on the wire, so that what it keeps of guests is less than 1 MiB. It does not
 * remember the keys after a longer one in the same object either.
 */
export const MAX_REMEMBERED = 128;

/** The distance between indices above which V8 turns an array's elements into a table (`kMaxGap`). */
const MAX_GAP = 1024;

/** Highest number that is an index: 2^32 - 2. */
const MAX_INDEX = 0xffff_fffe;
const MAX_INDEX_DIGITS = 10;

/**
 * Bounds what the index keys of one object or sparse array cost. A key far from the last one can make V8 turn the elements into a
 * table, and the next key can turn them back. V8 copies all elements each time, and keeps every copy until the value is whole. A
 * key near the last one makes the array of elements half as long again as the key says.
 */
export class IndexCosts {
  /** Cost and memory of the key that was added last. */
  cost = 0;
  memory = 0;
  readonly #length: number;
  #last: number;
  #keys: number;

  /** @param length Length of an array, whose places exist from the start and would be copied too. */
  constructor(length = 0) {
    this.#length = length;
    this.#last = length - 1;
    this.#keys = length;
  }

  add(index: number): void {
    if (index < this.#length) {
      this.cost = 8;
      this.memory = MEMORY.key;
      return;
    }
    const gap = index - this.#last;
    this.#last = index;
    this.#keys += 1;
    if (gap === 1) {
      this.cost = 6;
      this.memory = MEMORY.key;
    } else if (gap > 1 && gap <= MAX_GAP) {
      this.cost = 20 + gap * 1.5;
      this.memory = MEMORY.key + 12 * (gap + 16);
    } else {
      this.cost = 40 + this.#keys * 25;
      this.memory = MEMORY.key * 2 + this.#keys * 72;
    }
  }
}

/** Whether a numeric key is an index; other numbers are property names. */
export function isIndex(key: number): boolean {
  return Number.isInteger(key) && key >= 0 && key <= MAX_INDEX;
}

/**
 * The index that a key's text spells as V8 writes it, without leading zeros; undefined for other texts.
 *
 * @param width Bytes of a character.
 */
export function indexOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  width: 1 | 2,
): number | undefined {
  const length = (to - from) / width;
  if (length === 0 || length > MAX_INDEX_DIGITS || (length > 1 && bytes[from] === 0x30))
    return undefined;
  let index = 0;
  for (let at = from; at < to; at += width) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9 || (width === 2 && bytes[at + 1] !== 0)) return undefined;
    index = index * 10 + digit;
  }
  return isIndex(index) ? index : undefined;
}

/** Longest text that V8 hashes by its characters, bytes. Of a longer text it hashes the length only (`kMaxHashCalcLength`). */
export const MAX_HASHED_BYTES = 16_383;

/**
 * Bounds what the entries of one Map or Set cost. V8 hashes numbers and BigInts without a seed, BigInts by their lowest 64 bits
 * only, and long texts by their length only. So a guest can choose keys that all collide, and each is then compared with all
 * before it. The bound assumes that all numbers and long texts collide.
 */
export class EntryCosts {
  #numbers = 0;
  #bigInts = 0;
  #longTexts = 0;

  /**
   * @param tag The key's tag.
   * @param bytes Length of the key on the wire.
   */
  next(tag: number, bytes: number): number {
    if (tag === 0x5a) return 25 + this.#bigInts++ * (0.75 + bytes * 0.02); // Z
    if (tag === 0x49 || tag === 0x55 || tag === 0x4e) return 25 + this.#numbers++ * 0.25; // I, U, N
    return 40 + (bytes > MAX_HASHED_BYTES ? this.#longTexts++ * bytes * 0.01 : 0);
  }
}
