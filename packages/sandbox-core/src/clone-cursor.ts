/** The bytes are not decoded; the message says why. */
export class Refused extends Error {}

const STRING = 0x22; // "
const TWO_BYTE = 0x63; // c
/** Stands before two-byte text, so that it begins at an even place. */
const PADDING = 0x00;

/** A place in the bytes of a structured clone. Never beyond their end. */
export class CloneCursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  static isText(tag: number): boolean {
    return tag === STRING || tag === TWO_BYTE || tag === PADDING;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new Refused("it is cut off");
    this.at += 1;
    return byte;
  }

  mustHold(length: number): void {
    if (length > this.bytes.length - this.at) throw new Refused("it is cut off");
  }

  skip(length: number): void {
    this.mustHold(length);
    this.at += length;
  }

  /** An unsigned number of 7 bits a byte, the lowest first. */
  varint(): number {
    let value = 0;
    for (let unit = 1; unit <= 2 ** 28; unit *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw new Refused("a number is too long");
  }

  /** A number that is a key. */
  number(tag: number): number {
    switch (tag) {
      case 0x49: {
        // I, the sign in the lowest bit
        const value = this.varint();
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      case 0x55: // U
        return this.varint();
      case 0x4e: // N
        this.mustHold(8);
        this.at += 8;
        return this.bytes.readDoubleLE(this.at - 8);
      default:
        throw new Refused("a key is neither text nor a number");
    }
  }

  /** Skips a text; its length in bytes. */
  text(tag: number): number {
    const kind = tag === PADDING ? this.byte() : tag;
    if (kind !== STRING && kind !== TWO_BYTE) throw new Refused("a text was due");
    const length = this.varint();
    this.skip(length);
    return length;
  }
}
