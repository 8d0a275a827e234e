import { serialize } from "node:v8";

import { isIndex } from "./costs.ts";

/** The bytes are refused; the message says why. */
export class Refused extends Error {}

/** The bytes are a value that holds a kind which may not travel. */
export class Barred extends Refused {}

/** The bytes are a valid value that is too large to decode. */
export class TooMuch extends Refused {}

/** The version bytes that this Node writes and reads. The cell runs the same Node. */
export const HEADER = serialize(0).subarray(0, 2);

const STRING = 0x22; // "
const TWO_BYTE = 0x63; // c
/** Precedes two-byte text, so that the text begins at an even offset. */
const PADDING = 0x00;

/** A position in the bytes of a structured clone. It never moves past their end. */
export class CloneCursor {
  readonly bytes: Buffer;
  at = 0;
  /** Bytes of a character in the text that was skipped last. */
  width: 1 | 2 = 1;
  /** Length of the bytes, kept here because reading it from the buffer each time costs a quarter of a scan. */
  readonly #size: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#size = bytes.length;
  }

  static isText(tag: number): boolean {
    return tag === STRING || tag === TWO_BYTE || tag === PADDING;
  }

  get isAtEnd(): boolean {
    return this.at === this.#size;
  }

  header(): void {
    if (this.byte() !== HEADER[0] || this.byte() !== HEADER[1])
      throw new Refused("it is of another format");
  }

  byte(): number {
    if (this.at >= this.#size) throw new Refused("it is cut off");
    return this.bytes[this.at++] as number;
  }

  mustHold(length: number): void {
    if (length > this.#size - this.at) throw new Refused("it is cut off");
  }

  skip(length: number): void {
    this.mustHold(length);
    this.at += length;
  }

  /** Reads an unsigned number of 7 bits a byte, the lowest first. */
  varint(): number {
    const first = this.byte();
    return first < 0x80 ? first : this.#longVarint(first & 0x7f);
  }

  #longVarint(first: number): number {
    let value = first;
    for (let unit = 128; unit <= 2 ** 28; unit *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw new Refused("a number is too long");
  }

  /** Skips bytes that follow their length, and returns that length. */
  sized(): number {
    const length = this.varint();
    this.skip(length);
    return length;
  }

  /** Skips the number of properties and the length, which stand once more at an array's end. */
  counts(): void {
    this.varint();
    this.varint();
  }

  /** Reads a numeric key. It must be an index: V8 writes every other numeric key as text. */
  index(tag: number): number {
    const key = this.#key(tag);
    if (!isIndex(key)) throw new Refused("a key is a number and no index");
    return key;
  }

  #key(tag: number): number {
    if (tag === 0x55) return this.varint(); // U
    if (tag === 0x49) {
      // I, the sign in the lowest bit
      const value = this.varint();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    if (tag !== 0x4e) throw new Refused("a key is neither text nor a number"); // N
    this.skip(8);
    return this.bytes.readDoubleLE(this.at - 8);
  }

  /** Skips a text and returns its length in bytes. */
  text(tag: number): number {
    const kind = tag === PADDING ? this.byte() : tag;
    if (kind === STRING) this.width = 1;
    else if (kind === TWO_BYTE) this.width = 2;
    else throw new Refused("a text was due");
    const length = this.varint();
    this.skip(length);
    return length;
  }
}
