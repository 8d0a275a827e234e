import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { Cell } from "../cells/cell.ts";

/** A fixed number of events that wait for their log record, oldest first. Slots are reused, nothing is allocated. */
export class RingBuffer {
  readonly capacity: number;
  readonly #events: (DenialEvent | undefined)[];
  readonly #contexts: (Context | undefined)[];
  readonly #cells: (Cell | undefined)[];
  #head = 0;
  #size = 0;
  #shifted = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#events = Array.from({ length: capacity });
    this.#contexts = Array.from({ length: capacity });
    this.#cells = Array.from({ length: capacity });
  }

  get size(): number {
    return this.#size;
  }

  /** Events that have been taken out since the beginning. */
  get shifted(): number {
    return this.#shifted;
  }

  /** Events that have been put in since the beginning. */
  get pushed(): number {
    return this.#shifted + this.#size;
  }

  /** @returns false where it is full. */
  push(event: DenialEvent, context: Context, cell: Cell): boolean {
    if (this.#size === this.capacity) return false;
    let slot = this.#head + this.#size;
    if (slot >= this.capacity) slot -= this.capacity;
    this.#events[slot] = event;
    this.#contexts[slot] = context;
    this.#cells[slot] = cell;
    this.#size += 1;
    return true;
  }

  /** Takes the oldest out and hands it to `take`. @returns false where it is empty. */
  shift(take: (event: DenialEvent, context: Context, cell: Cell) => void): boolean {
    const slot = this.#head;
    const event = this.#events[slot];
    const context = this.#contexts[slot];
    const cell = this.#cells[slot];
    if (this.#size === 0 || event === undefined || context === undefined || cell === undefined) {
      return false;
    }
    // Let go of: a ring that has once been full must not keep its events alive.
    this.#events[slot] = undefined;
    this.#contexts[slot] = undefined;
    this.#cells[slot] = undefined;
    this.#head = slot + 1 === this.capacity ? 0 : slot + 1;
    this.#size -= 1;
    this.#shifted += 1;
    take(event, context, cell);
    return true;
  }
}
