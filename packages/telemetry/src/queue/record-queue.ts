import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import { Coalescer, type Burst } from "./coalescer.ts";
import type { Cell } from "../cells/cell.ts";
import { ClosedCells, type ClosedCell } from "./closed-cells.ts";
import { RecordBudget } from "./record-budget.ts";
import { RingBuffer } from "./ring-buffer.ts";
import type { EventSeries } from "../metrics/event-series.ts";

/** Kinds of denial that can burst at once. */
const MAX_BURSTS = 1024;

/**
 * What waits for its log record. A denial goes to the ring; where that is full, or the cell has more than its share of it or
 * has used up its records of this window, to the burst of its kind; where there is no room for that either, nowhere.
 */
export class RecordQueue {
  readonly #ring: RingBuffer;
  readonly #budget: RecordBudget;
  readonly #bursts = new Coalescer(MAX_BURSTS);
  readonly #closedCells = new ClosedCells();
  /** Places in the ring that one cell may fill: half, so that a noisy cell leaves room for the others. */
  readonly #share: number;

  /** @param recordsPerWindow is what a cell may have of its own, one for each denial. */
  constructor(capacity: number, recordsPerWindow: number) {
    this.#ring = new RingBuffer(capacity);
    this.#budget = new RecordBudget(recordsPerWindow);
    this.#share = Math.ceil(capacity / 2);
  }

  /** Records to be emitted, not denials: a burst is one. */
  get size(): number {
    return this.#ring.size + this.#bursts.size + this.#closedCells.size;
  }

  get hasClosedCells(): boolean {
    return this.#closedCells.size > 0;
  }

  /** Whether some of those are to be emitted now, and not at the end of a window. */
  get isReady(): boolean {
    if (this.#ring.size > 0 || this.#bursts.released > 0) return true;
    return this.#closedCells.isReady(this.#ring.shifted, false);
  }

  /** @returns false where there is no room. */
  push(event: DenialEvent, context: Context, cell: Cell, series: EventSeries): boolean {
    if (
      cell.waiting < this.#share &&
      this.#ring.size < this.#ring.capacity &&
      this.#budget.take(cell, series) &&
      this.#ring.push(event, context, cell)
    ) {
      cell.waiting += 1;
      return true;
    }
    return this.#bursts.merge(event, context, cell, series);
  }

  /** @returns false where there is no room. */
  pushClosedCell(closedCell: ClosedCell): boolean {
    this.#bursts.release(closedCell.cell);
    return this.#closedCells.push(closedCell, this.#ring.pushed);
  }

  /** A window has ended: its bursts are to be emitted, and everybody has new records. */
  nextWindow(): void {
    this.#budget.next();
    this.#closedCells.age();
    this.releaseBursts();
  }

  /** Has the ends of cells emitted though it is not yet known what became of their records. */
  hurryClosedCells(): void {
    this.#closedCells.hurry();
  }

  /** Has bursts emitted before their window ends. */
  releaseBursts(): void {
    this.#bursts.release();
  }

  /** Takes up to `max` ready records out: bursts and ends of cells first, since a ring that refills never ends. */
  take(max: number, to: QueueReader): void {
    let left = max;
    for (; left > 0; left--) {
      const burst = this.#bursts.shift();
      if (burst === undefined) break;
      to.burst(burst);
    }
    left = this.#takeClosedCells(left, to);
    const one = (event: DenialEvent, context: Context, cell: Cell) => {
      cell.waiting -= 1;
      to.event(event, context, cell);
    };
    while (left > 0 && this.#ring.shift(one)) left -= 1;
    this.#takeClosedCells(left, to);
  }

  #takeClosedCells(max: number, to: QueueReader): number {
    let left = max;
    for (; left > 0; left--) {
      const closedCell = this.#closedCells.shift(this.#ring.shifted, this.#bursts.released > 0);
      if (closedCell === undefined) break;
      to.closedCell(closedCell);
    }
    return left;
  }
}

/** What is done with each thing taken out. Must not throw. */
export interface QueueReader {
  burst(burst: Burst): void;
  event(event: DenialEvent, context: Context, cell: Cell): void;
  closedCell(closedCell: ClosedCell): void;
}
