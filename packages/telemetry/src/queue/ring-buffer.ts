import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

/** One denial that gets a record of its own. */
export interface QueuedDenial<Cell> {
  readonly kind: "denial";
  readonly event: DenialEvent;
  readonly context: Context;
  readonly cell: Cell;
}

/** A fixed number of denials that wait for their log record, oldest first. Slots are reused, so that a push allocates nothing. */
export class RingBuffer<Cell> {
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

  /** Denials taken out since the beginning. */
  get shifted(): number {
    return this.#shifted;
  }

  /** Denials put in since the beginning. */
  get pushed(): number {
    return this.#shifted + this.#size;
  }

  /** @returns false if it is full. */
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

  /** Removes the oldest; undefined if it is empty. */
  shift(): QueuedDenial<Cell> | undefined {
    const slot = this.#head;
    const event = this.#events[slot];
    const context = this.#contexts[slot];
    const cell = this.#cells[slot];
    if (this.#size === 0 || event === undefined || context === undefined || cell === undefined) {
      return undefined;
    }
    // Cleared: a ring that was full once would otherwise keep its events alive.
    this.#events[slot] = undefined;
    this.#contexts[slot] = undefined;
    this.#cells[slot] = undefined;
    this.#size -= 1;
    // Empty, it begins at its first slot again: those that were written last are in the processor's cache, the others are not.
    this.#head = this.#size === 0 || slot + 1 === this.capacity ? 0 : slot + 1;
    this.#shifted += 1;
    return { kind: "denial", event, context, cell };
  }
}
