import type { Context } from "@opentelemetry/api";
import type { CellTotals } from "@pyisolate/policy";

import type { Cell } from "../cells/cell.ts";

/** A cell's end, to be told after its last denial. */
export interface ClosedCell {
  readonly totals: CellTotals;
  readonly cell: Cell;
  readonly context: Context;
  /** Unix milliseconds. */
  readonly time: number;
}

interface Waiting {
  readonly closedCell: ClosedCell;
  /** What the ring had been given when the cell ended. */
  readonly ringMark: number;
  windows: number;
}

/** Ends of cells that can wait. */
const MAX_NOTICES = 4096;

/**
 * Windows that a cell's end waits for it to be known what became of its records: more than a batch waits for its company.
 * In an outage the record goes out with what is still pending, and says so.
 */
const WINDOWS_TO_SETTLE = 2;

/**
 * Ends of cells, in their order. Each comes after what was denied before it, with a ledger that is settled where that is to
 * be had soon, and does not wait for the others' denials since.
 */
export class ClosedCells {
  #waiting: Waiting[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns false where there is no room. */
  push(closedCell: ClosedCell, ringMark: number): boolean {
    if (this.#waiting.length >= MAX_NOTICES) return false;
    closedCell.cell.closing += 1;
    this.#waiting.push({ closedCell, ringMark, windows: 0 });
    return true;
  }

  /** A window has ended. */
  age(): void {
    for (const one of this.#waiting) one.windows += 1;
  }

  /** None waits for its cell's records any longer. */
  hurry(): void {
    for (const one of this.#waiting) one.windows = WINDOWS_TO_SETTLE;
  }

  /** @param emitted is how much of the ring has been. */
  isReady(emitted: number, hasBursts: boolean): boolean {
    return this.#waiting.some((one) => isReady(one, emitted, hasBursts));
  }

  /** Takes the first that is ready. */
  shift(emitted: number, hasBursts: boolean): ClosedCell | undefined {
    const index = this.#waiting.findIndex((one) => isReady(one, emitted, hasBursts));
    if (index < 0) return undefined;
    const [taken] = this.#waiting.splice(index, 1);
    if (taken !== undefined) taken.closedCell.cell.closing -= 1;
    return taken?.closedCell;
  }
}

function isReady({ closedCell, ringMark, windows }: Waiting, emitted: number, hasBursts: boolean) {
  if (closedCell.cell.ledger.pending === 0) return true;
  return windows >= WINDOWS_TO_SETTLE && emitted >= ringMark && !hasBursts;
}
