import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import { Bursts, type Burst } from "./bursts.ts";
import type { Cell } from "./cells.ts";
import { Notices, type Notice } from "./notices.ts";
import { Quota } from "./quota.ts";
import { Ring } from "./ring.ts";
import type { EventSeries } from "./metrics/event-series.ts";

/** Kinds of denial that can burst at once. */
const MAX_BURSTS = 1024;

/**
 * What waits for its log record. A denial goes to the ring; where that is full, or the cell has more than its share of it or
 * has used up its records of this window, to the burst of its kind; where there is no room for that either, nowhere.
 */
export class Backlog {
  readonly #ring: Ring;
  readonly #quota: Quota;
  readonly #bursts = new Bursts(MAX_BURSTS);
  readonly #notices = new Notices();
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
    return this.#ring.size + this.#bursts.size + this.#notices.size;
  }

  get hasNotices(): boolean {
    return this.#notices.size > 0;
  }

  /** Whether some of those are to be emitted now, and not at the end of a window. */
  get isReady(): boolean {
    if (this.#ring.size > 0 || this.#bursts.released > 0) return true;
    return this.#notices.isReady(this.#ring.shifted, false);
  }

  /** @returns false where there is no room. */
  push(event: DenialEvent, context: Context, cell: Cell, series: EventSeries): boolean {
    if (
      cell.waiting < this.#share &&
      this.#ring.size < this.#ring.capacity &&
      this.#quota.take(cell, series) &&
      this.#ring.push(event, context, cell)
    ) {
      cell.waiting += 1;
      return true;
    }
    return this.#bursts.merge(event, context, cell, series);
  }

  /** @returns false where there is no room. */
  pushNotice(notice: Notice): boolean {
    this.#bursts.release(notice.cell);
    return this.#notices.push(notice, this.#ring.pushed);
  }

  /** A window has ended: its bursts are to be emitted, and everybody has new records. */
  nextWindow(): void {
    this.#quota.next();
    this.#notices.age();
    this.releaseBursts();
  }

  /** Has the ends of cells emitted though it is not yet known what became of their records. */
  hurryNotices(): void {
    this.#notices.hurry();
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

  #takeNotices(max: number, to: BacklogReader): number {
    let left = max;
    for (; left > 0; left--) {
      const notice = this.#notices.shift(this.#ring.shifted, this.#bursts.released > 0);
      if (notice === undefined) break;
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
