import type { Cell } from "../cells/cell.ts";
import type { EventSeries } from "../metrics/event-series.ts";

/** What a cell has left of its records in one window. */
export interface WindowBudget {
  readonly window: number;
  left: number;
  /** What is left of each row's share; rows that are not in it have all of it. */
  readonly shares: Map<EventSeries, Share>;
}

/** An object, so that taking from it writes nothing into the map: that is the dearer half of looking it up. */
interface Share {
  left: number;
}

/**
 * How many records of its own a denial's cell, and in it a row, may have in a window; what is denied beyond that coalesces.
 * A row has half of its cell's, so that one noisy row leaves room for the cell's others.
 *
 * @remarks A window ends when {@link next} is called, not by a clock: it is asked for every denial.
 */
export class RecordBudget {
  readonly #perCell: number;
  readonly #perSeries: number;
  #window = 0;

  constructor(perCell: number) {
    this.#perCell = perCell;
    this.#perSeries = Math.ceil(perCell / 2);
  }

  /** Takes one from cell and row. @returns false where either has none left. */
  take(cell: Cell, series: EventSeries): boolean {
    let spend = cell.spend;
    if (spend?.window !== this.#window) {
      spend = { window: this.#window, left: this.#perCell, shares: new Map() };
      cell.spend = spend;
    }
    // First: in a flood this is all that is asked.
    if (spend.left === 0) return false;
    const share = spend.shares.get(series) ?? this.#share(spend, series);
    if (share.left === 0) return false;
    share.left -= 1;
    spend.left -= 1;
    return true;
  }

  /** Everybody has all of it again. */
  next(): void {
    this.#window += 1;
  }

  #share({ shares }: WindowBudget, series: EventSeries): Share {
    const share = { left: this.#perSeries };
    shares.set(series, share);
    return share;
  }
}
