import { SHORT } from "./costs.ts";
import { CloneCursor, Refused } from "./cursor.ts";
import { bigIntOf } from "./rare-values.ts";

/** A cursor that reads the values that hold no others. */
export class ValueCursor extends CloneCursor {
  /** Reads a text, whose tag was read before. */
  protected string(tag: number): string {
    const length = this.text(tag);
    const from = this.at - length;
    if (this.width === 1)
      return length <= SHORT ? this.#short(from) : this.bytes.toString("latin1", from, this.at);
    if (length % 2 !== 0) throw new Refused("a text ends within a character");
    return this.bytes.toString("utf16le", from, this.at);
  }

  #short(from: number): string {
    let text = "";
    for (let at = from; at < this.at; at++) text += String.fromCharCode(this.bytes[at] as number);
    return text;
  }

  protected integer(): number {
    const zigzag = this.varint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  protected double(): number {
    this.skip(8);
    return this.bytes.readDoubleLE(this.at - 8);
  }

  protected bigInt(): bigint {
    // The lowest bit is the sign, the others are the length.
    const field = this.varint() >>> 0;
    const from = this.at;
    this.skip(field >>> 1);
    return bigIntOf(this.bytes.subarray(from, this.at), field % 2 === 1);
  }

  /** Copies bytes that follow their length. */
  protected buffer(): ArrayBuffer {
    const length = this.sized();
    return new Uint8Array(this.bytes.subarray(this.at - length, this.at)).buffer;
  }

  /** Moves past these bytes if they come next. Returns false for none. */
  protected isNext(wire: Uint8Array): boolean {
    const { bytes, at } = this;
    const { length } = wire;
    let same = 0;
    while (same < length && wire[same] === bytes[at + same]) same++;
    if (same !== length || length === 0) return false;
    this.at = at + length;
    return true;
  }

  /** Compares a number at a container's end with what was read. */
  protected mustCount(read: number): void {
    if (this.varint() !== read) throw new Refused("it does not hold as much as it says");
  }
}
