import { COST, EntryCosts, IndexCosts, indexOf, MEMORY } from "./costs.ts";
import { CloneCursor, Refused, TooMuch } from "./cursor.ts";
import { FlatBill } from "./flat-bill.ts";
import { Shapes } from "./shapes.ts";
import { END, ERROR_KINDS, HOLE, INTEGER, refusedKind } from "./tags.ts";

/** Deepest nesting of a value. It is below what any recursion over the value can bear. */
export const MAX_DEPTH = 1000;

/** Walks the format that `v8.serialize` writes (V8's value-serializer.cc; Node's v8.js for views) without building the value. */
export class Scan extends FlatBill {
  readonly #shapes = new Shapes();
  #depth = 0;
  /** Where the key that was read last begins, its length field included. */
  #textFrom = 0;

  whole(): void {
    this.header();
    this.#value(this.byte());
    if (!this.isAtEnd) throw new Refused("more than one value came");
    this.mustBeBounded();
  }

  /**
   * Handles the most common kinds, in a method of their own: V8 compiles a small method better, and such values are scanned in a
   * third of the time.
   */
  #value(tag: number): void {
    switch (tag) {
      case 0x22: // " text of one byte a character
        this.skipText(tag);
        return;
      case 0x49: // I, U integers
      case 0x55:
        this.varint();
        this.cost += COST.value;
        return;
      case 0x4e: // N a double
        this.skip(8);
        this.cost += COST.value;
        this.memory += MEMORY.number;
        return;
      default:
        if (!this.flat(tag)) this.#nested(tag);
    }
  }

  #nested(tag: number): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH)
      throw new TooMuch(`it is nested more than ${MAX_DEPTH} levels deep`);
    switch (tag) {
      case 0x6f: // o
        this.take(COST.object, MEMORY.object);
        this.#properties(END.object);
        this.varint();
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
        throw refusedKind(tag);
    }
    this.#depth -= 1;
    this.mustBeBounded();
  }

  #sparse(): void {
    const length = this.varint();
    this.#places(length, COST.place);
    this.#properties(END.sparse, length);
    this.counts();
  }

  #dense(): void {
    const length = this.varint();
    // Each place takes at least one byte.
    this.mustHold(length);
    this.#places(length, 0);
    for (let index = 0; index < length; index++) {
      const tag = this.byte();
      if (tag === HOLE) this.cost += COST.value;
      else this.#value(tag);
      this.mustBeBoundedAt(index);
    }
    this.#properties(END.dense, length);
    this.counts();
  }

  #places(length: number, each: number): void {
    this.take(COST.array + length * each, MEMORY.array + length * MEMORY.place);
  }

  /** Walks keys and values. The cost of an object depends mostly on whether V8 has seen its keys in this order before. */
  #properties(end: number, length = 0): void {
    let shape = this.#shapes.empty;
    let keys = 0;
    let indices: IndexCosts | undefined;
    let indexed = 0;
    const isArray = end !== END.object;
    for (;;) {
      const known = this.#shapes.repeats(shape, this.bytes, this.at);
      if (known !== 0) {
        this.at = known;
        shape = this.#shapes.next;
        if (isArray) this.#name(keys);
        keys += 1;
        const held = this.byte();
        this.cost += this.#shapes.cost + this.#shapes.hold(shape, held);
        this.memory += MEMORY.key;
        this.#value(held);
        continue;
      }
      const tag = this.byte();
      if (tag === end) return;
      const index = CloneCursor.isText(tag) ? this.#textIndex(tag) : this.index(tag);
      if (index !== undefined) {
        indices ??= new IndexCosts(length);
        indices.add(index);
        this.mustBeBoundedAt(indexed++);
        this.take(indices.cost + (tag === INTEGER ? 0 : COST.place * 80), indices.memory);
        this.#value(this.byte());
        continue;
      }
      if (isArray) this.#name(keys);
      shape = this.#shapes.add(shape, keys++, this.bytes, this.#textFrom, this.at);
      const held = this.byte();
      const { cost, isNew, memory } = this.#shapes;
      this.take(cost + this.#shapes.hold(shape, held), memory);
      if (isNew) this.mustBeBounded();
      this.#value(held);
    }
  }

  /** @param before How many names the array has already. */
  #name(before: number): void {
    if (before === 0) this.take(COST.named, MEMORY.named);
    this.take(COST.name, MEMORY.tableKey);
  }

  /** Skips a key's text. Returns its index; undefined if the key is a property name. */
  #textIndex(tag: number): number | undefined {
    this.#textFrom = this.at;
    const length = this.text(tag);
    return indexOf(this.bytes, this.at - length, this.at, this.width);
  }

  #entries(end: number): void {
    this.take(COST.collection, MEMORY.collection);
    const costs = new EntryCosts();
    let entries = 0;
    for (let tag = this.byte(); tag !== end; tag = this.byte()) {
      const from = this.at;
      this.#value(tag);
      this.take(costs.next(tag, this.at - from), MEMORY.key * 2);
      if (end === END.map) this.#value(this.byte());
      this.mustBeBoundedAt(entries++);
    }
    this.varint();
  }

  /** The kind, the message, the stack and the cause come in this order, each at most once. */
  #error(): void {
    this.take(COST.error, MEMORY.object * 2);
    let tag = this.byte();
    if (ERROR_KINDS.has(tag)) tag = this.byte();
    for (const part of [0x6d, 0x73])
      // m, s
      if (tag === part) {
        this.skipText(this.byte());
        tag = this.byte();
      }
    if (tag === 0x63) {
      // c
      this.#value(this.byte());
      tag = this.byte();
    }
    if (tag !== END.error) throw new Refused("it holds a broken Error");
  }
}
