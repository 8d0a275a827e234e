import { recordMaker } from "../metrics/compact-record.ts";
import { DROP_REASONS, type DropReason } from "../semconv.ts";

/** Events without a record, by reason. Reasons that did not occur are left out. */
export type Dropped = Readonly<Partial<Record<DropReason, number>>>;

/**
 * What became of denial events: `denied = emitted + coalesced + dropped + pending`, at every moment.
 */
export interface Ledger {
  /** Events recorded, verdicts of a shadow policy included. */
  readonly denied: number;
  /**
   * Log records that have arrived: at the server, if `startTelemetry` sends them; else at the logger, since no more is known
   * of them.
   */
  readonly emitted: number;
  /** Events without a record of their own, which another event's record has in its `pyisolate.denial.count`. */
  readonly coalesced: number;
  /** Events without a record, or whose record was lost on its way, by reason. Reasons that did not occur are left out. */
  readonly dropped: Dropped;
  /** Events whose record is still to be made, is on its way, or is in the spool. */
  readonly pending: number;
}

/** A running ledger, of a cell or of the process. Each method keeps `denied = emitted + coalesced + dropped + pending`. */
export class LedgerCounts {
  denied = 0;
  emitted = 0;
  coalesced = 0;
  /** Undefined until something is dropped: most cells drop nothing, and there are thousands. */
  #dropped: Partial<Record<DropReason, number>> | undefined;
  /** Denials that are emitted, coalesced or dropped. Kept instead of what is pending, to save a write in the refused call. */
  #settled = 0;

  get pending(): number {
    return this.denied - this.#settled;
  }

  get dropped(): Dropped {
    return this.#dropped ?? NONE_DROPPED;
  }

  deny(): void {
    this.denied += 1;
  }

  /** Records that stand for `count` pending events have arrived. */
  emit(records: number, count: number): void {
    this.#settled += count;
    this.emitted += records;
    this.coalesced += count - records;
  }

  drop(count: number, reason: DropReason): void {
    this.#settled += count;
    this.#dropped ??= FIRST[reason]();
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  /** Adds the totals of a ledger whose cell is evicted, so that its name leads here from now on. */
  absorb(other: LedgerCounts): void {
    this.denied += other.denied;
    this.emitted += other.emitted;
    this.coalesced += other.coalesced;
    this.#settled += other.#settled - droppedTotal(other.dropped);
    for (const reason of DROP_REASONS) {
      const count = other.dropped[reason];
      if (count !== undefined) this.drop(count, reason);
    }
  }

  /** The ledger as of now. With `since`, only what came after it, and what was pending then. */
  read(since?: Ledger): Ledger {
    const dropped = droppedSince(this.dropped, since?.dropped);
    return {
      denied: this.denied - (since?.denied ?? 0) + (since?.pending ?? 0),
      emitted: this.emitted - (since?.emitted ?? 0),
      coalesced: this.coalesced - (since?.coalesced ?? 0),
      dropped,
      pending: this.pending,
    };
  }
}

/** What has been dropped between two ledgers. Reasons that did not occur are left out. */
export function droppedSince(now: Dropped, since: Dropped = {}): Dropped {
  const dropped: Partial<Record<DropReason, number>> = {};
  for (const reason of DROP_REASONS) {
    const count = (now[reason] ?? 0) - (since[reason] ?? 0);
    if (count !== 0) dropped[reason] = count;
  }
  return dropped;
}

/** Events without a record, for all reasons together. */
export function droppedTotal(dropped: Dropped): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

const NONE_DROPPED: Dropped = {};

/** Counts of one reason: cells are many, and most drop for one reason or none. */
const FIRST = Object.fromEntries(
  DROP_REASONS.map((reason) => [reason, recordMaker([reason], 0)]),
) as Readonly<Record<DropReason, () => Partial<Record<DropReason, number>>>>;
