import { MAX_HASHED_BYTES, MAX_REMEMBERED, MAX_STEPS, MEMORY } from "./costs.ts";

const KNOWN_KEY = 8;
/** More for a known key that is not the one which came last in its place: the decoder makes its text to look for it. */
const SOUGHT = 12;
/** V8 hashes a name, and compares it with the one that it knows. */
const NAME_BYTE = 0.2;
/** A byte past those that the decoder remembers: this scan hashes and compares it too, which takes 4 ns. */
const LONG_NAME_BYTE = 0.6;
/**
 * V8 has one table of all names in the process and hashes the longest by their length only, so that a guest can make each be
 * compared with all that came before it, in earlier values too. This bears 1,000 of them.
 */
const LONGEST_NAME = 250_000;
/** More for a key that the decoder does not remember. */
const UNREMEMBERED = 30;

/** Longest key of which V8 keeps a copy on its heap (`typed_array_max_size_in_heap`). It asks the allocator for a longer one. */
const MAX_ON_HEAP = 64;
const OFF_HEAP = 200;

function spellingOf(length: number): number {
  if (length <= MAX_REMEMBERED) return length * NAME_BYTE;
  return length * LONG_NAME_BYTE + (length > MAX_HASHED_BYTES ? LONGEST_NAME : 0);
}

/** V8 makes a hidden class for a key that is new in its place, and copies the descriptors of the keys before it. */
const newKeyAfter = (keys: number): number => 190 + keys * 4;
/** V8 makes an object of more keys than this a table, which has no class (`kFastPropertiesSoftLimit`, and the room in the object). */
const MAX_CLASS_KEYS = 16;
const NEW_TABLE_KEY = 100;
/** More for a new key of a table which the decoder remembers. */
const NEW_STEP = 60;
const KNOWN_TABLE_KEY = 25;
/** Cost for each key of a class when one of its fields turns out to hold another kind of value, because V8 then revises all of them. */
const GENERALISED_KEY = 500;
/**
 * A class connects so many successors of one value: V8's most is 1536 (`kMaxNumberOfTransitions`), and values before may have made
 * 1000 (`key-paths.ts`). An object that goes on to another one has a class of its own from there on, for each of its keys.
 */
const MAX_NEXT = 500;

/** Slots of the table of shapes, a power of two: more than twice the new shapes that a value can pay for. */
const SLOTS = 1 << 16;
/** The slot of the object without keys. */
const EMPTY = SLOTS;

const hashes = new Uint32Array(SLOTS + 1);
/** By slot: how many shapes extend this one by one key. */
const nexts = new Uint16Array(SLOTS + 1);
/** By slot: which kinds of values the shape's last key has had. */
const kinds = new Uint8Array(SLOTS + 1);
/** By slot: where the key that last followed this shape stands in the bytes, its tag included; and the slot of the resulting shape. */
const lastFrom = new Uint32Array(SLOTS + 1);
const lastTo = new Uint32Array(SLOTS + 1);
const lastNext = new Uint32Array(SLOTS + 1);
/** By slot: what the shape's last key costs once it is known. */
const knownCosts = new Uint8Array(SLOTS + 1);
/** By slot: 1 for a shape with a key that the decoder does not remember. */
const isLong = new Uint8Array(SLOTS + 1);
/** By slot: 1 for a shape past a class that has its full number of successors. */
const isApart = new Uint8Array(SLOTS + 1);
const used: number[] = [];

/** Random for each process, so that a guest cannot construct shapes whose hashes collide. */
const seed = Math.floor(Math.random() * 2 ** 32) | 1;

/**
 * Tracks the key orders of the objects in one value, each by a hash: V8 makes a hidden class for every new one. Use it for one
 * value at a time, because the table is shared.
 */
export class Shapes {
  /** The slot of an object without keys. */
  readonly empty = EMPTY;
  /** Cost and memory of the key that was added last, and whether V8 has not seen it in this place before. */
  cost = 0;
  memory = 0;
  isNew = false;
  next = EMPTY;
  #mostKeys = 0;

  constructor() {
    for (const slot of used)
      hashes[slot] = nexts[slot] = kinds[slot] = lastTo[slot] = isApart[slot] = isLong[slot] = 0;
    used.length = 0;
    hashes[EMPTY] = seed;
    nexts[EMPTY] = lastTo[EMPTY] = 0;
  }

  /**
   * Compares the key at `at` with the one that last followed the shape at `slot`. Returns the end of the key if they are equal,
   * and puts the resulting shape into `next`; returns 0 otherwise. Most objects of a value are like the one before, and this
   * spares them the hash.
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
    this.cost = spellingOf(here - at) + (knownCosts[this.next] as number);
    return here;
  }

  /** The slot of the shape that results if an object at `slot`, with `keys` keys, gets the key `bytes[from..to]`. */
  add(slot: number, keys: number, bytes: Uint8Array, from: number, to: number): number {
    const spelling = spellingOf(to - from);
    const isInClass = keys < MAX_CLASS_KEYS;
    this.isNew = true;
    const copying = to - from >= MAX_ON_HEAP && to - from < MAX_REMEMBERED ? OFF_HEAP : 0;
    this.cost = NEW_TABLE_KEY + spelling;
    this.memory = MEMORY.newTableKey;
    if (keys >= MAX_STEPS) return slot;
    this.cost += NEW_STEP + copying;
    if (isInClass && keys >= this.#mostKeys) this.#mostKeys = keys + 1;
    let hash = hashes[slot] as number;
    for (let at = from; at < to; at++) {
      hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    const next = hash >>> 0 || 1;
    let found = next & (SLOTS - 1);
    while (hashes[found] !== 0 && hashes[found] !== next) found = (found + 1) & (SLOTS - 1);
    if (hashes[found] === 0) {
      hashes[found] = next;
      nexts[slot] = (nexts[slot] as number) + 1;
      isLong[found] = to - from >= MAX_REMEMBERED || isLong[slot] === 1 ? 1 : 0;
      knownCosts[found] =
        (isInClass ? KNOWN_KEY : KNOWN_TABLE_KEY) + (isLong[found] === 1 ? UNREMEMBERED : 0);
      const isFull = nexts[slot] > MAX_NEXT || isApart[slot] === 1;
      isApart[found] = isInClass && isFull ? 1 : 0;
      used.push(found);
    } else this.isNew = isApart[found] === 1;
    if (isInClass) {
      this.cost =
        spelling +
        (this.isNew ? newKeyAfter(keys) + copying : (knownCosts[found] as number) + SOUGHT);
      this.memory = this.isNew ? MEMORY.newKey : MEMORY.key;
    } else if (!this.isNew) {
      this.cost = spelling + (knownCosts[found] as number) + SOUGHT;
      this.memory = MEMORY.tableKey;
    }
    lastFrom[slot] = from - 1;
    lastTo[slot] = isApart[found] === 1 ? 0 : to;
    lastNext[slot] = found;
    return found;
  }

  /** The cost of a value with this tag for the key that was added last to the shape at `slot`. */
  hold(slot: number, tag: number): number {
    const kind = tag === 0x49 ? 1 : tag === 0x4e || tag === 0x55 ? 2 : 4; // I; N, U; all else
    const before = kinds[slot] as number;
    if ((before & kind) !== 0 || slot === EMPTY) return 0;
    kinds[slot] = before | kind;
    return before === 0 ? 0 : GENERALISED_KEY * this.#mostKeys;
  }
}
