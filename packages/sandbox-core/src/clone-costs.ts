/**
 * What parts of a value cost to decode, in units of about 10 ns: measured as thread CPU time of the first decode in a fresh
 * process, Node 24.21, on the machines that this project is built on.
 */
export const COST = {
  value: 5,
  place: 1.5,
  object: 40,
  array: 10,
  collection: 25,
  date: 15,
  error: 40,
  buffer: 50,
  view: 130,
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

const KNOWN_KEY = 8;
/** V8 makes a hidden class for a key that is new in its place, and copies what it knows of the keys before it. */
const newKeyAfter = (keys: number): number => 130 + keys * 0.3;
/** An object of more keys than this is a table (`kMaxNumberOfDescriptors`). */
const MAX_CLASS_KEYS = 1020;
const TABLE_KEY = 60;

/** Slots of the table of shapes, a power of two: twice the new shapes that a value can pay for. */
const SLOTS = 1 << 16;

const table = new Uint32Array(SLOTS);
const used: number[] = [];

/** Of this process alone, so that a guest cannot make shapes whose hashes are one. */
const seed = Math.floor(Math.random() * 2 ** 32) | 1;

/** The names of an object, and the orders of names that the objects of one value have, each told by a hash. */
export class Shapes {
  /** The shape of an object without keys. */
  readonly empty = seed;
  /** What the key last added costs, and whether V8 has not seen it in this place. */
  cost = 0;
  isNew = false;

  /** One value at a time: the table is shared. */
  constructor() {
    for (const slot of used) table[slot] = 0;
    used.length = 0;
  }

  /** The shape of an object that had `shape`, with `keys` keys, and gets one more, whose bytes are `bytes[from..to]`. */
  add(shape: number, keys: number, bytes: Uint8Array, from: number, to: number): number {
    this.isNew = keys >= MAX_CLASS_KEYS;
    this.cost = TABLE_KEY;
    if (this.isNew) return shape;
    let hash = shape;
    for (let at = from; at < to; at++) {
      hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    const next = hash >>> 0 || 1;
    let slot = next & (SLOTS - 1);
    while (table[slot] !== 0 && table[slot] !== next) slot = (slot + 1) & (SLOTS - 1);
    this.cost = KNOWN_KEY;
    if (table[slot] === 0) {
      this.isNew = true;
      this.cost = newKeyAfter(keys);
      table[slot] = next;
      used.push(slot);
    }
    return next;
  }
}

/** Where V8 takes elements for far apart, and makes a table of what was an array (`kMaxGap`). */
const MAX_GAP = 1024;

/**
 * The keys of one object or sparse array that are indices. Where near and far ones take turns, V8 turns the elements into a table
 * and back, and copies them all each time.
 */
export class IndexCosts {
  #last = -1;
  #keys = 0;
  #wasFar = false;

  next(index: number): number {
    const gap = Math.abs(index - this.#last);
    const isFar = gap > MAX_GAP;
    const turns = isFar !== this.#wasFar;
    this.#last = index;
    this.#wasFar = isFar;
    this.#keys += 1;
    if (turns) return 40 + this.#keys * 8;
    if (isFar) return 40;
    return gap === 1 ? 6 : 20;
  }
}

/**
 * The entries of one Map or Set. V8 hashes numbers and BigInts without a seed, and of a BigInt only the lowest 64 bits, so that a
 * guest can choose keys that all stand in one row: each is then compared with all before it. Every number is taken to do so.
 */
export class EntryCosts {
  #numbers = 0;
  #bigInts = 0;

  /** @param tag The key's. */
  next(tag: number): number {
    if (tag === 0x5a) return 25 + this.#bigInts++ * 0.75; // Z
    if (tag === 0x49 || tag === 0x55 || tag === 0x4e) return 25 + this.#numbers++ * 0.25; // I, U, N
    return 25;
  }
}
