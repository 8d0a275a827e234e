import { CloneBill } from "./ceilings.ts";
import { COST, MEMORY, SHORT } from "./costs.ts";
import { CloneCursor } from "./cursor.ts";

/** A bill that knows the values that hold no others. */
export class FlatBill extends CloneBill {
  /** Returns false for a value that holds others. */
  protected flat(tag: number): boolean {
    switch (tag) {
      case 0x5f: // _ undefined; 0 null; T, F
      case 0x30:
      case 0x54:
      case 0x46:
        this.take(COST.value, 0);
        return true;
      case 0x78: // x, y boxed booleans
      case 0x79:
        this.take(COST.boxed, MEMORY.object);
        return true;
      case 0x5e: // ^ a value that came before
        this.varint();
        this.take(COST.value, 0);
        return true;
      case 0x6e: // n a boxed number, D a date
      case 0x44:
        this.skip(8);
        this.take(COST.date, MEMORY.object);
        return true;
      case 0x5a: // Z a BigInt, z a boxed one; the field's lowest bit is the sign, the rest the length in bytes
      case 0x7a:
        this.#bigInt();
        return true;
      case 0x73: // s a boxed string
        this.skipText(this.byte());
        this.take(COST.boxed, MEMORY.object);
        return true;
      case 0x42: // B
        this.take(COST.buffer + this.sized() * COST.byte, MEMORY.buffer);
        return true;
      case 0x5c: // \ a view, as Node writes it
        this.varint();
        this.take(COST.view + this.sized() * COST.byte, MEMORY.view);
        return true;
      default:
        if (!CloneCursor.isText(tag)) return false;
        this.skipText(tag);
        return true;
    }
  }

  #bigInt(): void {
    const length = this.varint() >>> 1;
    this.skip(length);
    const spelling = length === 0 || length === 8 ? 0 : COST.spelled;
    this.take(COST.bigInt + spelling + length * COST.digit, MEMORY.number * 2);
  }

  protected skipText(tag: number): void {
    const length = this.text(tag);
    const isShort = length <= SHORT && this.width === 1;
    const making = isShort ? COST.value + length * COST.character : COST.text;
    this.take(making + length * COST.byte, MEMORY.text);
  }
}
