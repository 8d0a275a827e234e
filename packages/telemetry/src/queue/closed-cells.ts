import type { Context } from "@opentelemetry/api";
import type { CellTotals } from "@pyisolate/policy";

import type { QueuedCell } from "./cell-queue.ts";

/** A cell that was closed, to be reported after its last denial. */
export interface ClosedCell<Cell> {
  readonly kind: "closed";
  readonly totals: CellTotals;
  readonly cell: Cell;
  readonly context: Context;
  /** Unix milliseconds. */
  readonly time: number;
}

interface Waiting<Cell> {
  readonly closedCell: ClosedCell<Cell>;
  /** How many denials had been put into the ring buffer when the cell was closed. */
  readonly ringMark: number;
  windows: number;
}

/** Closed cells that can wait. */
const MAX_CLOSED_CELLS = 4096;

/**
 * Windows that a closed cell waits for its records to be delivered: longer than a batch waits to be filled. In an outage its
 * record goes out with a ledger that says what is still pending.
 */
const WINDOWS_TO_SETTLE = 2;

/**
 * Closed cells, in the order in which they were closed. Each is reported after the denials before it, with a settled ledger
 * where that can be had soon, and does not wait for denials of other cells that came later.
 */
export class ClosedCells<Cell extends QueuedCell<Cell>> {
  #waiting: Waiting<Cell>[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns false if there is no room. */
  push(closedCell: ClosedCell<Cell>, ringMark: number): boolean {
    if (this.#waiting.length >= MAX_CLOSED_CELLS) return false;
    closedCell.cell.queue.closing += 1;
    this.#waiting.push({ closedCell, ringMark, windows: 0 });
    return true;
  }

  /** Counts one more window for each. */
  age(): void {
    for (const one of this.#waiting) one.windows += 1;
  }

  /** Lets none wait for its records to be delivered any longer. */
  hurry(): void {
    for (const one of this.#waiting) one.windows = WINDOWS_TO_SETTLE;
  }

  /** @param shifted is how many denials have been taken out of the ring buffer. */
  isReady(shifted: number, hasBursts: boolean): boolean {
    return this.#waiting.some((one) => isReady(one, shifted, hasBursts));
  }

  /** Removes the first that is ready. */
  shift(shifted: number, hasBursts: boolean): ClosedCell<Cell> | undefined {
    const index = this.#waiting.findIndex((one) => isReady(one, shifted, hasBursts));
    if (index < 0) return undefined;
    const [taken] = this.#waiting.splice(index, 1);
    if (taken !== undefined) taken.closedCell.cell.queue.closing -= 1;
    return taken?.closedCell;
  }
}

function isReady<Cell extends QueuedCell<Cell>>(
  { closedCell, ringMark, windows }: Waiting<Cell>,
  shifted: number,
  hasBursts: boolean,
): boolean {
  if (closedCell.cell.ledger.pending === 0) return true;
  return windows >= WINDOWS_TO_SETTLE && shifted >= ringMark && !hasBursts;
}
