import { CloneCursor, Refused } from "./cursor.ts";
import { indexOf } from "./costs.ts";
import { type Family, family, LARGE, replaceFull } from "./key-paths.ts";
import { define, makeTable } from "./properties.ts";
import { errorOf, viewOf } from "./rare-values.ts";
import { END, ERROR_KINDS, HOLE } from "./tags.ts";
import { ValueCursor } from "./value-cursor.ts";

/**
 * Builds the value that the bytes of a structured clone hold, in the format of {@link Scan}, which must have found no problem in
 * them. The host does not give them to V8's own deserializer: what that costs depends on the hidden classes that earlier values
 * left in the process, from 1 to 100 times as much, and it reads what a guest made without JavaScript's memory safety.
 */
class Decoder extends ValueCursor {
  readonly #isSmall = this.bytes.length < LARGE;
  readonly #family: Family = family(this.#isSmall);
  /** By id: what a reference names. */
  readonly #made: unknown[] = [];

  whole(): unknown {
    this.header();
    const value = this.#value(this.byte());
    if (!this.isAtEnd) throw new Refused("more than one value came");
    return value;
  }

  #value(tag: number): unknown {
    switch (tag) {
      case 0x22: // " text of one byte a character
        return this.string(tag);
      case 0x49: // I
        return this.integer();
      case 0x4e: // N
        return this.double();
      case 0x6f: // o
        return this.#object();
      case 0x41: // A
        return this.#dense();
      default:
        return this.#rarer(tag);
    }
  }

  #rarer(tag: number): unknown {
    switch (tag) {
      case 0x5f: // _, 0, T, F
        return undefined;
      case 0x30:
        return null;
      case 0x54:
        return true;
      case 0x46:
        return false;
      case 0x55: // U
        return this.varint() >>> 0;
      case 0x5e: // ^
        return this.#reference();
      case 0x5a: // Z
        return this.bigInt();
      case 0x79: // x, y, n, z, s: boxed
        return this.#keep(Object(true));
      case 0x78:
        return this.#keep(Object(false));
      case 0x6e:
        return this.#keep(Object(this.double()));
      case 0x7a:
        return this.#keep(Object(this.bigInt()));
      case 0x73:
        return this.#keep(Object(this.string(this.byte())));
      case 0x44: // D
        return this.#keep(new Date(this.double()));
      case 0x42: // B
        return this.#keep(this.buffer());
      case 0x5c: // \ a view, as Node writes it
        return this.#view();
      case 0x61: // a
        return this.#sparse();
      case 0x3b: // ;
        return this.#map();
      case 0x27: // '
        return this.#set();
      case 0x72: // r
        return this.#error();
      default:
        return this.string(tag);
    }
  }

  #keep<T>(value: T): T {
    this.#made.push(value);
    return value;
  }

  #reference(): unknown {
    const id = this.varint() >>> 0;
    if (id >= this.#made.length) throw new Refused("it refers to what has not come");
    return this.#made[id];
  }

  #view(): unknown {
    const id = this.#made.push(undefined) - 1;
    const kind = this.varint();
    return (this.#made[id] = viewOf(kind, this.buffer()));
  }

  #object(): object {
    const object = this.#keep(new this.#family.make());
    this.mustCount(this.#properties(object, END.object));
    return object;
  }

  #dense(): unknown[] {
    const length = this.varint();
    // Each place takes at least one byte.
    this.mustHold(length);
    const array: unknown[] = this.#keep([]);
    array.length = length;
    for (let index = 0; index < length; index++) {
      const tag = this.byte();
      if (tag !== HOLE) array[index] = this.#value(tag);
    }
    this.mustCount(this.#properties(array, END.dense));
    this.mustCount(length);
    return array;
  }

  #sparse(): unknown[] {
    const length = this.varint() >>> 0;
    const array: unknown[] = this.#keep([]);
    array.length = length;
    this.mustCount(this.#properties(array, END.sparse));
    this.mustCount(length);
    return array;
  }

  /** Reads keys and values up to the end marker. Returns how many. */
  #properties(holder: object, end: number): number {
    const object = holder as Record<string | number, unknown>;
    let path = this.#family.root;
    let isTable = end === END.object;
    for (let count = 0; ; count++) {
      const { last } = path;
      if (last !== undefined && this.isNext(last.wire)) path = last;
      else {
        const from = this.at;
        const tag = this.byte();
        if (tag === end) return count;
        const key = CloneCursor.isText(tag) ? this.#textKey(tag) : this.index(tag);
        if (Object.hasOwn(object, key)) throw new Refused("a key came twice");
        if (typeof key === "number") {
          object[key] = this.#value(this.byte());
          continue;
        }
        path = this.#family.follow(path, key, this.bytes.subarray(from, this.at));
      }
      if (!isTable) {
        makeTable(object);
        isTable = true;
      }
      const value = this.#value(this.byte());
      if (end === END.object && (this.#isSmall ? !(path.key in Object.prototype) : path.isPlain))
        object[path.key] = value;
      else define(object, path.key, value);
    }
  }

  /** A key that is text; the index that it spells, if it does. */
  #textKey(tag: number): string | number {
    const text = this.string(tag);
    return indexOf(this.bytes, this.at - text.length * this.width, this.at, this.width) ?? text;
  }

  #map(): Map<unknown, unknown> {
    const map = this.#keep(new Map<unknown, unknown>());
    let count = 0;
    for (let tag = this.byte(); tag !== END.map; tag = this.byte()) {
      const key = this.#value(tag);
      map.set(key, this.#value(this.byte()));
      count += 2;
    }
    this.mustCount(count);
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#keep(new Set<unknown>());
    let count = 0;
    for (let tag = this.byte(); tag !== END.set; tag = this.byte()) {
      set.add(this.#value(tag));
      count += 1;
    }
    this.mustCount(count);
    return set;
  }

  /** The kind, the message and the stack come in this order, each at most once, and then the cause. */
  #error(): Error {
    const id = this.#made.push(undefined) - 1;
    const from = this.at;
    let tag = this.byte();
    if (ERROR_KINDS.has(tag)) tag = this.byte();
    for (const part of [0x6d, 0x73])
      // m, s
      if (tag === part) {
        this.text(this.byte());
        tag = this.byte();
      }
    const error = errorOf(this.bytes.subarray(from, this.at - 1));
    this.#made[id] = error;
    if (tag === 0x63) {
      // c
      const value = this.#value(this.byte());
      Object.defineProperty(error, "cause", { value, writable: true, configurable: true });
      tag = this.byte();
    }
    if (tag !== END.error) throw new Refused("it holds a broken Error");
    return error;
  }
}

/**
 * Decodes what an untrusted peer sent as a structured clone.
 *
 * @throws if the bytes are not a value.
 */
export function decodeTaken(bytes: Buffer): unknown {
  try {
    return new Decoder(bytes).whole();
  } finally {
    replaceFull();
  }
}
