import type { Context } from "@opentelemetry/api";
import type { CellTotals, DenialEvent } from "@pyisolate/policy";

import { Bursts, type Burst } from "./bursts.ts";
import type { Cell } from "./cells.ts";
import { Quota } from "./quota.ts";
import { Ring } from "./ring.ts";
import type { EventRow } from "./rows.ts";

/** A cell's end, to be told after its last denial. */
export interface Notice {
  readonly totals: CellTotals;
  readonly cell: Cell;
  readonly context: Context;
  /** Unix milliseconds. */
  readonly time: number;
}

/** Kinds of denial that can burst at once. */
const MAX_BURSTS = 1024;
/** Ends of cells that can wait. */
const MAX_NOTICES = 4096;

/**
 * What waits for its log record. A denial goes to the ring; where that is full, or the cell has more than its share of it or
 * has used up its records of this window, to the burst of its kind; where there is no room for that either, nowhere.
 */
export class Backlog {
  readonly #ring: Ring;
  readonly #quota: Quota;
  readonly #bursts = new Bursts(MAX_BURSTS);
  readonly #notices: (Notice & { readonly ringMark: number })[] = [];
  /** Places in the ring that one cell may fill: half, so that a noisy cell leaves room for the others. */
  readonly #share: number;

  /** @param recordsPerWindow is what a cell may have of its own, one for each denial. */
  constructor(capacity: number, recordsPerWindow: number) {
    this.#ring = new Ring(capacity);
    this.#quota = new Quota(recordsPerWindow);
    this.#share = Math.ceil(capacity / 2);
  }

  /** Records to be emitted, not denials: a burst is one. */
  get size(): number {
    return this.#ring.size + this.#bursts.size + this.#notices.length;
  }

  /** Of those, how many are to be emitted now, and not at the end of the window. */
  get ready(): number {
    return this.#ring.size + this.#bursts.released + this.#notices.length;
  }

  /** @returns false where there is no room. */
  push(event: DenialEvent, context: Context, cell: Cell, row: EventRow): boolean {
    if (
      cell.waiting < this.#share &&
      this.#ring.size < this.#ring.capacity &&
      this.#quota.take(cell, row) &&
      this.#ring.push(event, context, cell)
    ) {
      cell.waiting += 1;
      return true;
    }
    return this.#bursts.merge(event, context, cell, row);
  }

  /** @returns false where there is no room. */
  pushNotice(notice: Notice): boolean {
    if (this.#notices.length >= MAX_NOTICES) return false;
    this.#bursts.release(notice.cell);
    this.#notices.push({ ...notice, ringMark: this.#ring.pushed });
    return true;
  }

  /** A window has ended: its bursts are to be emitted, and everybody has new records. */
  nextWindow(): void {
    this.#quota.next();
    this.releaseBursts();
  }

  /** Has bursts emitted before their window ends. */
  releaseBursts(): void {
    this.#bursts.release();
  }

  /** Takes up to `max` ready records out: bursts and ends of cells first, since a ring that refills never ends. */
  take(max: number, to: BacklogReader): void {
    let left = max;
    for (; left > 0; left--) {
      const burst = this.#bursts.shift();
      if (burst === undefined) break;
      to.burst(burst);
    }
    left = this.#takeNotices(left, to);
    const one = (event: DenialEvent, context: Context, cell: Cell) => {
      cell.waiting -= 1;
      to.event(event, context, cell);
    };
    while (left > 0 && this.#ring.shift(one)) left -= 1;
    this.#takeNotices(left, to);
  }

  // A cell's end comes after what was denied before it, and does not wait for the others' denials since.
  #takeNotices(max: number, to: BacklogReader): number {
    let left = max;
    for (; left > 0; left--) {
      const [notice] = this.#notices;
      if (notice === undefined) break;
      const waits = this.#bursts.released > 0 || this.#ring.shifted < notice.ringMark;
      if (waits && notice.cell.account.pending > 0) break;
      this.#notices.shift();
      to.notice(notice);
    }
    return left;
  }
}

/** What is done with each thing taken out. Must not throw. */
export interface BacklogReader {
  burst(burst: Burst): void;
  event(event: DenialEvent, context: Context, cell: Cell): void;
  notice(notice: Notice): void;
}
