const KNOWN_KEY = 8;
/** A name is hashed, and compared with the one that is known. */
const NAME_BYTE = 0.2;
/** V8 makes a hidden class for a key that is new in its place, and copies what it knows of the keys before it. */
const newKeyAfter = (keys: number): number => 130 + keys * 0.3;
/** An object of more keys than this is a table (`kMaxNumberOfDescriptors`). */
const MAX_CLASS_KEYS = 1020;
const TABLE_KEY = 60;
/** What V8 does again for each key of a class when one of its fields turns out to hold another kind of value. */
const GENERALISED_KEY = 500;
/** A class has so many next ones at most (`kMaxNumberOfTransitions` is 1536); an object with another key is a table of its own. */
const MAX_NEXT = 1000;

/** Slots of the table of shapes, a power of two: more than twice the new shapes that a value can pay for. */
const SLOTS = 1 << 16;
/** The slot of the object without keys. */
const EMPTY = SLOTS;

const hashes = new Uint32Array(SLOTS + 1);
/** How many shapes have one key more than this one. */
const nexts = new Uint16Array(SLOTS + 1);
/** Which kinds of values the last key of this shape has had. */
const kinds = new Uint8Array(SLOTS + 1);
/** Where the key that came last after this shape stands in the bytes, its tag included, and the shape that it made. */
const lastFrom = new Uint32Array(SLOTS + 1);
const lastTo = new Uint32Array(SLOTS + 1);
const lastNext = new Uint32Array(SLOTS + 1);
const used: number[] = [];

/** Of this process alone, so that a guest cannot make shapes whose hashes are one. */
const seed = Math.floor(Math.random() * 2 ** 32) | 1;

/**
 * The orders of keys that the objects of one value have, each told by a hash: V8 makes a hidden class for each that is new.
 * One value at a time: the table is shared.
 */
export class Shapes {
  /** The slot of an object without keys. */
  readonly empty = EMPTY;
  /** What the key last added costs, and whether V8 has not seen it in this place. */
  cost = 0;
  isNew = false;
  next = EMPTY;
  #mostKeys = 0;

  constructor() {
    for (const slot of used) hashes[slot] = nexts[slot] = kinds[slot] = lastTo[slot] = 0;
    used.length = 0;
    hashes[EMPTY] = seed;
    nexts[EMPTY] = lastTo[EMPTY] = 0;
  }

  /**
   * Where the key at `at` is the one that came last after the shape at `slot`, its end; else 0. Its shape is then `next`. Most objects
   * of a value are like the one before, and need no hash.
   */
  repeats(slot: number, bytes: Uint8Array, at: number): number {
    const to = lastTo[slot] as number;
    let from = lastFrom[slot] as number;
    let here = at;
    while (from < to && bytes[from] === bytes[here]) {
      from++;
      here++;
    }
    if (from !== to || here === at) return 0;
    this.next = lastNext[slot] as number;
    this.cost = (here - at) * NAME_BYTE + KNOWN_KEY;
    return here;
  }

  /** The slot of an object that had the one at `slot`, with `keys` keys, and gets one more, whose bytes are `bytes[from..to]`. */
  add(slot: number, keys: number, bytes: Uint8Array, from: number, to: number): number {
    const spelling = (to - from) * NAME_BYTE;
    this.isNew = keys >= MAX_CLASS_KEYS;
    this.cost = TABLE_KEY + spelling;
    if (this.isNew) return slot;
    if (keys >= this.#mostKeys) this.#mostKeys = keys + 1;
    let hash = hashes[slot] as number;
    for (let at = from; at < to; at++) {
      hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    const next = hash >>> 0 || 1;
    let found = next & (SLOTS - 1);
    while (hashes[found] !== 0 && hashes[found] !== next) found = (found + 1) & (SLOTS - 1);
    if (hashes[found] === 0) {
      this.isNew = true;
      hashes[found] = next;
      nexts[slot] = (nexts[slot] as number) + 1;
      used.push(found);
    } else this.isNew = (nexts[slot] as number) > MAX_NEXT;
    this.cost = spelling + (this.isNew ? newKeyAfter(keys) : KNOWN_KEY);
    // Past MAX_NEXT each such object is a table of its own, its known keys too.
    const isKnown = (nexts[slot] as number) <= MAX_NEXT;
    lastFrom[slot] = from - 1;
    lastTo[slot] = isKnown ? to : 0;
    lastNext[slot] = found;
    return found;
  }

  /** What it costs that the key last added to the shape at `slot` has a value with this tag. */
  hold(slot: number, tag: number): number {
    const kind = tag === 0x49 ? 1 : tag === 0x4e || tag === 0x55 ? 2 : 4; // I; N, U; all else
    const before = kinds[slot] as number;
    if ((before & kind) !== 0 || slot === EMPTY) return 0;
    kinds[slot] = before | kind;
    return before === 0 ? 0 : GENERALISED_KEY * this.#mostKeys;
  }
}
