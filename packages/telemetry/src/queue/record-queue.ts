import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { EventSeries } from "../metrics/event-series.ts";
import type { Burst } from "./burst.ts";
import type { BudgetWindow, QueuedCell } from "./cell-queue.ts";
import { ClosedCells, type ClosedCell } from "./closed-cells.ts";
import { Coalescer } from "./coalescer.ts";
import { RingBuffer, type QueuedDenial } from "./ring-buffer.ts";

/** Kinds of denial that can burst at once. */
const MAX_BURSTS = 1024;

/**
 * Denials waiting to become log records.
 *
 * A denial takes a slot in the ring buffer. If the ring is full, or its cell has filled half of the ring or used up its
 * records of this window, the denial is coalesced with similar ones instead ({@link Coalescer}). If that table is full too,
 * {@link push} returns false and the caller counts the denial as dropped.
 */
export class RecordQueue<Cell extends QueuedCell<Cell>> {
  readonly #ring: RingBuffer<Cell>;
  readonly #coalescer = new Coalescer<Cell>(MAX_BURSTS);
  readonly #closedCells = new ClosedCells<Cell>();
  /** Slots of the ring that one cell may fill: half, so that a noisy cell leaves room for the others. */
  readonly #share: number;
  /** The cells that have asked for a record since the window began, and those of which something waits. */
  #busy: Cell[] = [];
  #window: BudgetWindow;

  /** @param recordsPerWindow is how many denials of a cell have a record of their own in a window. */
  constructor(capacity: number, recordsPerWindow: number) {
    this.#ring = new RingBuffer(capacity);
    this.#share = Math.ceil(capacity / 2);
    this.#window = {
      number: 0,
      perCell: recordsPerWindow,
      perSeries: Math.ceil(recordsPerWindow / 2),
      latest: [],
    };
  }

  /** Records to be emitted, not denials: a burst is one. */
  get size(): number {
    return this.#ring.size + this.#coalescer.size + this.#closedCells.size;
  }

  get hasClosedCells(): boolean {
    return this.#closedCells.size > 0;
  }

  /** Whether some of them are to be emitted now, and not at the end of a window. */
  get isReady(): boolean {
    if (this.#ring.size > 0 || this.#coalescer.released > 0) return true;
    return this.#closedCells.isReady(this.#ring.shifted, false);
  }

  /** @returns false if there is no room. */
  push(event: DenialEvent, context: Context, cell: Cell, series: EventSeries): boolean {
    const { queue } = cell;
    if (!queue.watched) this.#watch(cell);
    if (
      queue.inRing < this.#share &&
      this.#ring.size < this.#ring.capacity &&
      queue.takeRecord(series, this.#window) &&
      this.#ring.push(event, context, cell)
    ) {
      queue.inRing += 1;
      return true;
    }
    return this.#coalescer.merge(event, context, cell, series);
  }

  /** @returns false if there is no room. */
  pushClosedCell(closedCell: ClosedCell<Cell>): boolean {
    if (!closedCell.cell.queue.watched) this.#watch(closedCell.cell);
    this.#coalescer.release(closedCell.cell);
    return this.#closedCells.push(closedCell, this.#ring.pushed);
  }

  /** Ends a window: its bursts are to be emitted, and every cell has all its records again. */
  nextWindow(): void {
    this.#window = { ...this.#window, number: this.#window.number + 1, latest: [] };
    this.#closedCells.age();
    this.releaseBursts();
    this.#busy = this.#busy.filter((cell) => !cell.rest());
  }

  /** Has closed cells emitted before it is known whether their records were delivered. */
  hurryClosedCells(): void {
    this.#closedCells.hurry();
  }

  /** Has bursts emitted before their window ends. */
  releaseBursts(): void {
    this.#coalescer.release();
  }

  /** Takes up to `max` ready records out: bursts and closed cells first, since a ring that refills never ends. */
  *take(max: number): Generator<QueuedRecord<Cell>, void, undefined> {
    let left = max;
    for (const source of [this.#burst, this.#closedCell, this.#denial, this.#closedCell]) {
      for (; left > 0; left--) {
        const next = source();
        if (next === undefined) break;
        yield next;
      }
    }
  }

  #watch(cell: Cell): void {
    cell.queue.watched = true;
    this.#busy.push(cell);
  }

  readonly #burst = (): Burst<Cell> | undefined => this.#coalescer.shift();

  readonly #closedCell = (): ClosedCell<Cell> | undefined =>
    this.#closedCells.shift(this.#ring.shifted, this.#coalescer.released > 0);

  readonly #denial = (): QueuedDenial<Cell> | undefined => {
    const denial = this.#ring.shift();
    if (denial !== undefined) denial.cell.queue.inRing -= 1;
    return denial;
  };
}

/** What becomes one log record. */
export type QueuedRecord<Cell> = QueuedDenial<Cell> | Burst<Cell> | ClosedCell<Cell>;
