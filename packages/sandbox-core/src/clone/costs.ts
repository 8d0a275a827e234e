/**
 * What parts of a value cost to decode, in units of about 10 ns: measured as thread CPU time of the first decode in a fresh
 * process, Node 24.21, on the machines that this project is built on.
 */
export const COST = {
  value: 5,
  place: 1.5,
  boxed: 15,
  object: 40,
  array: 12,
  collection: 25,
  date: 15,
  error: 40,
  buffer: 60,
  view: 280,
  byte: 0.06,
} as const;

/** Memory that parts of a value take beside their own bytes, as resident memory: bytes. */
export const MEMORY = {
  place: 8,
  number: 24,
  text: 40,
  object: 100,
  key: 24,
  newKey: 450,
  array: 64,
  collection: 240,
  buffer: 270,
  view: 650,
} as const;

/** Where V8 takes elements for far apart, and makes a table of what was an array (`kMaxGap`). */
const MAX_GAP = 1024;

/** Longest text that is an index: below 2^32 - 1. */
const MAX_INDEX = 0xffff_fffe;
const MAX_INDEX_DIGITS = 10;

/**
 * The keys of one object or sparse array that are indices. A key that is far from the last can make V8 turn the elements into a
 * table, and the next one back: all are copied each time, and each copy is kept until the value is whole. A key that is near
 * makes the array of elements half as long again as the key says.
 */
export class IndexCosts {
  /** What the key last added costs, and the memory that it takes. */
  cost = 0;
  memory = 0;
  readonly #length: number;
  #last: number;
  #keys: number;

  /** @param length Of an array: its places are there, and would be copied, already. */
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

/** Whether a number that is a key is an index; every other one is a name. */
export function isIndex(key: number): boolean {
  return Number.isInteger(key) && key >= 0 && key <= MAX_INDEX;
}

/**
 * The index that a key's text spells as V8 has it, without a leading zero; undefined for every other text.
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

/** Longest text that V8 hashes by its letters; of a longer one, only the length (`kMaxHashCalcLength`). */
const MAX_HASHED_BYTES = 16_383;

/**
 * The entries of one Map or Set. V8 hashes numbers and BigInts without a seed, of a BigInt only the lowest 64 bits, and of a long
 * text only the length, so that a guest can choose keys that all stand in one row: each is then compared with all before it.
 * Every number and long text is taken to do so.
 */
export class EntryCosts {
  #numbers = 0;
  #bigInts = 0;
  #longTexts = 0;

  /**
   * @param tag The key's.
   * @param bytes What the key took on the wire.
   */
  next(tag: number, bytes: number): number {
    if (tag === 0x5a) return 25 + this.#bigInts++ * (0.75 + bytes * 0.02); // Z
    if (tag === 0x49 || tag === 0x55 || tag === 0x4e) return 25 + this.#numbers++ * 0.25; // I, U, N
    return 30 + (bytes > MAX_HASHED_BYTES ? this.#longTexts++ * bytes * 0.01 : 0);
  }
}
