import { types } from "node:util";

import { HEADER } from "./cursor.ts";
import { END, INTEGER } from "./tags.ts";

/** Longest clone, bytes. */
const MAX_BYTES = 2048;
/** Most properties and places of a value, all objects together. With as many V8's serializer takes as long. */
const MAX_HELD = 24;
/** Longest text that is copied unit by unit, UTF-16 code units. */
const SHORT = 48;
/** Room for what follows the last check of the length: a number, and the ends of all containers, at most 8 bytes each. */
const ROOM = 16 + 8 * (MAX_HELD + 1);

/** A text that V8 keeps at two bytes a unit. */
const WIDE = /[^\0-\xff]/u;

const { getOwnPropertyDescriptor, getPrototypeOf, keys } = Object;
const plain = Object.prototype;

/** Where each value is made. No other code runs between its first byte and its copy. */
const scratch = Buffer.allocUnsafeSlow(MAX_BYTES + ROOM);

/**
 * Encodes small values of plain objects, arrays, text and numbers, which most calls give and return: V8's serializer takes 3 us to begin
 * and end, and this 0.5 us in all. It runs no code of the value's, so that one that it cannot encode is as it was, for V8.
 */
class SmallEncoder {
  readonly #bytes = scratch;
  /** The objects so far, by the numbers by which V8 refers to them. */
  readonly #seen: object[] = [];
  #at = HEADER.copy(scratch);
  #held = 0;

  /** The clone of a value, in bytes of its own; undefined for one that is longer or of other kinds. */
  encode(value: unknown): Buffer | undefined {
    return this.#value(value) ? Buffer.from(this.#bytes.subarray(0, this.#at)) : undefined;
  }

  /** Returns false for a value that is left to V8. */
  #value(value: unknown): boolean {
    if (this.#at > MAX_BYTES) return false;
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "object":
        return value === null ? this.#byte(0x30) : this.#object(value);
      case "boolean":
        return this.#byte(value ? 0x54 : 0x46); // T, F
      case "undefined":
        return this.#byte(0x5f); // _
      default:
        return false;
    }
  }

  #byte(byte: number): true {
    this.#bytes[this.#at++] = byte;
    return true;
  }

  #varint(value: number): void {
    let left = value;
    for (; left > 0x7f; left >>>= 7) this.#byte((left & 0x7f) | 0x80);
    this.#byte(left);
  }

  #number(value: number): true {
    if (value === value << 0 && !Object.is(value, -0)) {
      this.#byte(INTEGER);
      this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
      return true;
    }
    this.#byte(0x4e); // N
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
    return true;
  }

  #text(text: string): boolean {
    const { length } = text;
    if (this.#at + length > MAX_BYTES) return false;
    const from = this.#at;
    this.#byte(0x22); // "
    this.#varint(length);
    const bytes = this.#bytes;
    if (length > SHORT) {
      if (WIDE.test(text)) return this.#wideText(text, from);
      this.#at += bytes.write(text, this.#at, "latin1");
      return true;
    }
    let at = this.#at;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0xff) return this.#wideText(text, from);
      bytes[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  #wideText(text: string, from: number): boolean {
    const length = text.length * 2;
    if (from + length > MAX_BYTES) return false;
    this.#at = from;
    // V8 lets two-byte text begin at an even offset.
    if ((from + 1 + (length > 0x7f ? 2 : 1)) % 2 === 1) this.#byte(0);
    this.#byte(0x63); // c
    this.#varint(length);
    this.#at += this.#bytes.write(text, this.#at, "utf16le");
    return true;
  }

  #object(object: object): boolean {
    // A proxy would run its traps, and V8 refuses it.
    if (types.isProxy(object)) return false;
    const before = this.#seen.indexOf(object);
    if (before !== -1) {
      this.#byte(0x5e); // ^
      this.#varint(before);
      return true;
    }
    this.#seen.push(object);
    if (Array.isArray(object)) return this.#array(object);
    return getPrototypeOf(object) === plain && this.#plain(object);
  }

  #plain(object: object): boolean {
    this.#byte(0x6f); // o
    const names = keys(object);
    // An object without a name may be one of another kind that was made to look plain, such as `arguments`.
    if (names.length === 0 || !this.#mayHold(names.length)) return false;
    for (const name of names) {
      // V8 writes a name that is an index as a number.
      const first = name.charCodeAt(0);
      if (first >= 0x30 && first <= 0x39) return false;
      if (!this.#text(name) || !this.#property(object, name)) return false;
    }
    this.#byte(END.object);
    this.#varint(names.length);
    return true;
  }

  #array(array: readonly unknown[]): boolean {
    const { length } = array;
    // Other than its length, the number of names tells of names beside the places, or of gaps.
    if (!this.#mayHold(length) || keys(array).length !== length) return false;
    this.#byte(0x41); // A
    this.#varint(length);
    for (let index = 0; index < length; index++) if (!this.#property(array, index)) return false;
    this.#byte(END.dense);
    this.#varint(0);
    this.#varint(length);
    return true;
  }

  #mayHold(more: number): boolean {
    this.#held += more;
    return this.#held <= MAX_HELD;
  }

  /** Returns false also for what a getter gives, which is not called, and for a place that V8 passes over. */
  #property(holder: object, name: string | number): boolean {
    const property = getOwnPropertyDescriptor(holder, name);
    return property?.enumerable === true && "value" in property && this.#value(property.value);
  }
}

/** The structured clone of a small and plain value, as V8 writes it; undefined for any other value, which has had no code run. */
export function encodeSmall(value: unknown): Buffer | undefined {
  return new SmallEncoder().encode(value);
}
