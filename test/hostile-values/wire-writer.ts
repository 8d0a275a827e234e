/** A whole message, of n nodes, keys or levels: which of them, its name says. */
export type Shape = (n: number) => Buffer;

/**
 * Writes what V8's ValueDeserializer reads (format 15, as in `node:v8`), also what no serializer would write: the tags and
 * their order are those of V8's src/objects/value-serializer.cc.
 */
export class WireWriter {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  constructor() {
    this.raw(0xff, 0x0f);
  }

  raw(...bytes: readonly number[]): this {
    this.#room(bytes.length);
    for (const byte of bytes) this.#bytes[this.#length++] = byte;
    return this;
  }

  copy(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  tag(tag: string): this {
    return this.raw(tag.charCodeAt(0));
  }

  /** Base 128, the low bits first. */
  varint(value: number): this {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.raw((rest % 128) | 128);
    return this.raw(rest);
  }

  int32(value: number): this {
    return this.tag("I").varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  double(value: number): this {
    return this.tag("N").#float(value);
  }

  date(value: number): this {
    return this.tag("D").#float(value);
  }

  numberObject(value: number): this {
    return this.tag("n").#float(value);
  }

  /** Digits of 64 bits, the low ones first. */
  bigint(...digits: readonly bigint[]): this {
    this.tag("Z").varint(digits.length * 16);
    for (const digit of digits) {
      this.#room(8);
      this.#bytes.writeBigUInt64LE(digit, this.#length);
      this.#length += 8;
    }
    return this;
  }

  /** One byte a character. */
  latin1(text: string): this {
    this.tag('"').varint(text.length);
    this.#room(text.length);
    this.#length += this.#bytes.write(text, this.#length, "latin1");
    return this;
  }

  /** Two bytes a character, at an even place. */
  utf16(text: string): this {
    const at = this.#length + 1 + varintLength(text.length * 2);
    if (at % 2 === 1) this.raw(0);
    this.tag("c").varint(text.length * 2);
    this.#room(text.length * 2);
    this.#length += this.#bytes.write(text, this.#length, "utf16le");
    return this;
  }

  /** A reference to the object that was begun as the n-th. */
  reference(n: number): this {
    return this.tag("^").varint(n);
  }

  /** An array in which every element is there. */
  dense(length: number, element: (index: number) => void): this {
    this.tag("A").varint(length);
    for (let index = 0; index < length; index++) element(index);
    return this.tag("$").varint(0).varint(length);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #float(value: number): this {
    this.#room(8);
    this.#bytes.writeDoubleLE(value, this.#length);
    this.#length += 8;
    return this;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  return length;
}
