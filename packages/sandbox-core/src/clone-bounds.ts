import { COST, EntryCosts, IndexCosts, indexOf, MEMORY } from "./clone-costs.ts";
import { CloneCursor, Refused, TooMuch } from "./clone-cursor.ts";
import { Shapes } from "./clone-shapes.ts";
import { BARRED, END, ERROR_KINDS, HOLE, INTEGER } from "./clone-tags.ts";

/**
 * What a value may cost to decode, in units of about 10 ns: 25 ms. Node decodes a value in one go, on the host's only thread,
 * which stands still meanwhile.
 */
const MAX_COST = 2_500_000;

/** What a value may take in memory: so many bytes, and so many more for each that it came in. 13 can be 33 million places. */
const MAX_MEMORY = 4 * 1024 * 1024;
const MAX_MEMORY_PER_BYTE = 16;

/** How deep a value may be nested: less than what any recursion over it can bear. */
export const MAX_DEPTH = 1000;

/** Why the bytes of a structured clone are not decoded. */
export interface CloneProblem {
  /** Completes "the value cannot be taken: ". */
  readonly why: string;
  /** It is a value like others, but more of it than can be decoded; otherwise it holds what does not travel, or is no value. */
  readonly isTooMuch: boolean;
}

/** Undefined where the bytes may be decoded. The work is bounded like the value's own. */
export function cloneProblem(bytes: Buffer): CloneProblem | undefined {
  try {
    new Scan(bytes).whole();
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { why: error.message, isTooMuch: error instanceof TooMuch };
  }
}

/** Reads the format that `v8.serialize` writes (V8's value-serializer.cc, Node's v8.js for views), and builds nothing. */
class Scan {
  readonly #in: CloneCursor;
  readonly #shapes = new Shapes();
  #cost = 0;
  #memory = 0;
  #depth = 0;
  /** Where the key read last begins, its length included. */
  #textFrom = 0;

  constructor(bytes: Buffer) {
    this.#in = new CloneCursor(bytes);
  }

  whole(): void {
    this.#in.header();
    this.#value(this.#in.byte());
    if (!this.#in.isAtEnd) throw new Refused("more than one value came");
  }

  #value(tag: number): void {
    switch (tag) {
      case 0x5f: // _ undefined; 0 null; T, F
      case 0x30:
      case 0x54:
      case 0x46:
        this.#take(COST.value, 0);
        return;
      case 0x78: // x, y boxed booleans
      case 0x79:
        this.#take(COST.boxed, MEMORY.object);
        return;
      case 0x49: // I, U integers; ^ a value that came before
      case 0x55:
      case 0x5e:
        this.#in.varint();
        this.#take(COST.value, 0);
        return;
      case 0x4e: // N a double
        this.#in.skip(8);
        return this.#take(COST.value, MEMORY.number);
      case 0x6e: // n a boxed number, D a date
      case 0x44:
        this.#in.skip(8);
        this.#take(COST.date, MEMORY.object);
        return;
      case 0x5a: // Z a BigInt, z a boxed one; the field's lowest bit is the sign, the rest the length in bytes
      case 0x7a:
        this.#in.skip(this.#in.varint() >>> 1);
        this.#take(COST.boxed, MEMORY.number * 2);
        return;
      case 0x73: // s a boxed string
        this.#text(this.#in.byte());
        this.#take(COST.boxed, MEMORY.object);
        return;
      case 0x42: // B
        this.#take(COST.buffer + this.#bytes() * COST.byte, MEMORY.buffer);
        return;
      case 0x5c: // \ a view, as Node writes it
        this.#in.varint();
        this.#take(COST.view + this.#bytes() * COST.byte, MEMORY.view);
        return;
      default:
        if (CloneCursor.isText(tag)) this.#text(tag);
        else this.#nested(tag);
    }
  }

  #nested(tag: number): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH)
      throw new TooMuch(`it is nested more than ${MAX_DEPTH} levels deep`);
    switch (tag) {
      case 0x6f: // o
        this.#take(COST.object, MEMORY.object);
        this.#properties(END.object);
        this.#in.varint();
        break;
      case 0x61: // a, a sparse array
        this.#sparse();
        break;
      case 0x41: // A, a dense array
        this.#dense();
        break;
      case 0x3b: // ;
        this.#entries(END.map);
        break;
      case 0x27: // '
        this.#entries(END.set);
        break;
      case 0x72: // r
        this.#error();
        break;
      default:
        throw new Refused(
          `it holds ${BARRED.get(tag) ?? `what no cell sends (tag ${tag.toString(16)})`}`,
        );
    }
    this.#depth -= 1;
  }

  #sparse(): void {
    const length = this.#in.varint();
    this.#places(length, COST.place);
    this.#properties(END.sparse, length);
    this.#counts();
  }

  /** How many properties it had, and its length, again. */
  #counts(): void {
    this.#in.varint();
    this.#in.varint();
  }

  #dense(): void {
    const length = this.#in.varint();
    // Each place is a byte at least.
    this.#in.mustHold(length);
    this.#places(length, 0);
    for (let index = 0; index < length; index++) {
      const tag = this.#in.byte();
      if (tag !== HOLE) this.#value(tag);
    }
    this.#properties(END.dense, length);
    this.#counts();
  }

  #places(length: number, each: number): void {
    this.#take(COST.array + length * each, MEMORY.array + length * MEMORY.place);
  }

  /** Keys and values. What an object costs is above all whether V8 has seen its keys in this order before. */
  #properties(end: number, length = 0): void {
    let shape = this.#shapes.empty;
    let keys = 0;
    const indices = new IndexCosts(length);
    for (let tag = this.#in.byte(); tag !== end; tag = this.#in.byte()) {
      const index = CloneCursor.isText(tag) ? this.#textIndex(tag) : this.#in.index(tag);
      if (index !== undefined) {
        indices.add(index);
        this.#take(indices.cost + (tag === INTEGER ? 0 : COST.place * 80), indices.memory);
        this.#value(this.#in.byte());
        continue;
      }
      shape = this.#shapes.add(shape, keys++, this.#in.bytes, this.#textFrom, this.#in.at);
      const held = this.#in.byte();
      const { cost, isNew } = this.#shapes;
      this.#take(cost + this.#shapes.hold(shape, held), isNew ? MEMORY.newKey : MEMORY.key);
      this.#value(held);
    }
  }

  /** Skips a key's text. Undefined where it is a name, and no index. */
  #textIndex(tag: number): number | undefined {
    this.#textFrom = this.#in.at;
    const { length, width } = this.#in.text(tag);
    return indexOf(this.#in.bytes, this.#in.at - length, this.#in.at, width);
  }

  #entries(end: number): void {
    this.#take(COST.collection, MEMORY.collection);
    const costs = new EntryCosts();
    for (let tag = this.#in.byte(); tag !== end; tag = this.#in.byte()) {
      const from = this.#in.at;
      this.#value(tag);
      this.#take(costs.next(tag, this.#in.at - from), MEMORY.key * 2);
      if (end === END.map) this.#value(this.#in.byte());
    }
    this.#in.varint();
  }

  #error(): void {
    this.#take(COST.error, MEMORY.object * 2);
    for (let tag = this.#in.byte(); tag !== END.error; tag = this.#in.byte()) {
      if (tag === 0x6d || tag === 0x73) this.#text(this.#in.byte()); // m, s: message and stack
      else if (tag === 0x63) this.#value(this.#in.byte()); // c: cause
      else if (!ERROR_KINDS.has(tag)) throw new Refused("it holds a broken Error");
    }
  }

  /** Skips bytes that their length stands before; that length. */
  #bytes(): number {
    const length = this.#in.varint();
    this.#in.skip(length);
    return length;
  }

  #text(tag: number): void {
    const { length } = this.#in.text(tag);
    this.#take(COST.value + length * COST.byte, MEMORY.text);
  }

  #take(cost: number, memory: number): void {
    this.#cost += cost;
    if (this.#cost > MAX_COST)
      throw new TooMuch("it holds too much to be decoded at once: send it in parts or as text");
    this.#memory += memory;
    if (this.#memory > MAX_MEMORY + MAX_MEMORY_PER_BYTE * this.#in.bytes.length)
      throw new TooMuch("it takes far more memory than its bytes: send it in parts or as text");
  }
}
