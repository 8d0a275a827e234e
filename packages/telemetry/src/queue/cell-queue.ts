import type { EventSeries } from "../metrics/event-series.ts";
import type { Burst } from "./burst.ts";

/** What the queue needs of a cell. The queue is generic in it, so that it does not import what a cell is. */
export interface QueuedCell<Cell> {
  readonly queue: CellQueue<Cell>;
  /** Gives up the queue, if nothing waits in it: what is asked for next is a new one. @returns false if something waits. */
  rest(): boolean;
  /** A closed cell is reported early once none of its denials is pending. */
  readonly ledger: { readonly pending: number };
}

/** Bounded, because the array is filled during a refused call, anew in each window. */
const MAX_LATEST = 1024;

/** How many records a cell may have of its own in the present window. A window ends when `number` changes. */
export interface BudgetWindow {
  readonly number: number;
  readonly perCell: number;
  /** Half of the cell's, so that one noisy series leaves room for the cell's others. */
  readonly perSeries: number;
  /** By a series' index, of the first {@link MAX_LATEST}, the share of this window that was last used: it saves the look-up in a map. */
  readonly latest: (Share | undefined)[];
}

/** Records that one series of one cell has left. An object, because counting a number down in the map would cost a second look-up. */
interface Share {
  /** The cell's queue. */
  readonly of: object;
  left: number;
}

/** One cell's share of the record queue. */
export class CellQueue<Cell> {
  /** Denials of the cell in the ring buffer. */
  inRing = 0;
  /** The cell's bursts, by series. */
  readonly bursts = new Map<EventSeries, Burst<Cell>[]>();
  burstCount = 0;
  /** Closed-cell records of the cell that wait in the queue. */
  closing = 0;
  /** Whether the record queue will have the cell rest at the end of the window. */
  watched = false;
  // The budget: the window that it is for, and the records of its own that the cell and its series have left in it.
  #window = -1;
  #left = 0;
  #shares = new Map<EventSeries, Share>();

  get isIdle(): boolean {
    return this.inRing === 0 && this.burstCount === 0 && this.closing === 0;
  }

  /**
   * Takes one record from the budget of the cell and of the series. What is denied beyond the budget coalesces.
   *
   * @returns false if either has none left.
   */
  takeRecord(series: EventSeries, window: BudgetWindow): boolean {
    if (this.#window !== window.number) this.#renew(window);
    // Checked first: in a flood this is the only check that runs.
    if (this.#left === 0) return false;
    const latest = window.latest[series.index];
    const share = latest?.of === this ? latest : this.#share(series, window);
    if (share.left === 0) return false;
    share.left -= 1;
    this.#left -= 1;
    return true;
  }

  #renew({ number, perCell }: BudgetWindow): void {
    this.#window = number;
    this.#left = perCell;
    this.#shares = new Map();
  }

  #share(series: EventSeries, { perSeries, latest }: BudgetWindow): Share {
    let share = this.#shares.get(series);
    if (share === undefined) {
      share = { of: this, left: perSeries };
      this.#shares.set(series, share);
    }
    if (series.index >= MAX_LATEST) return share;
    // Filled up to the index: with a gap in it, V8 would keep the array as a hash table.
    while (latest.length <= series.index) latest.push(undefined);
    latest[series.index] = share;
    return share;
  }
}
