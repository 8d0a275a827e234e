import { DROP_REASONS, type DropReason } from "../semconv.ts";

/** Events without a record, by reason; a reason that is not there did not occur. */
export type Dropped = Readonly<Partial<Record<DropReason, number>>>;

/**
 * What became of denial events: `denied = emitted + coalesced + dropped + pending`, at every moment.
 */
export interface Ledger {
  /** Events recorded, verdicts of a shadow policy included. */
  readonly denied: number;
  /**
   * Log records that have arrived: at the far end where `startTelemetry` sends them, at the logger where that is all that is
   * known.
   */
  readonly emitted: number;
  /** Events that another's record carries in its `pyisolate.denial.count`. */
  readonly coalesced: number;
  /** Events without a record, those whose record was lost later included, by reason; reasons that did not occur are left out. */
  readonly dropped: Dropped;
  /** Events whose record is still to be made, or on its way, or in the spool. */
  readonly pending: number;
}

/** One running ledger: a cell's, or the process'. Each method keeps the balance. */
export class LedgerCounts {
  denied = 0;
  emitted = 0;
  coalesced = 0;
  readonly dropped: Record<DropReason, number> = zeroDropped();
  /** Of which it is known what became. Kept instead of what is pending: one write less in the call. */
  #settled = 0;

  get pending(): number {
    return this.denied - this.#settled;
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
    this.dropped[reason] += count;
  }

  /** Takes over the totals of an account that nobody will ask for by name any more. */
  absorb(other: LedgerCounts): void {
    this.denied += other.denied;
    this.emitted += other.emitted;
    this.coalesced += other.coalesced;
    this.#settled += other.#settled;
    for (const reason of DROP_REASONS) this.dropped[reason] += other.dropped[reason];
  }

  /** The ledger as of now, less what an earlier one already said; what it called pending is of this one again. */
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

/** What has been dropped beyond what an earlier account said; reasons that did not occur are left out. */
export function droppedSince(now: Dropped, since: Dropped = {}): Dropped {
  const dropped: Partial<Record<DropReason, number>> = {};
  for (const reason of DROP_REASONS) {
    const count = (now[reason] ?? 0) - (since[reason] ?? 0);
    if (count !== 0) dropped[reason] = count;
  }
  return dropped;
}

/** Events without a record, whatever the reason. */
export function droppedTotal(dropped: Dropped): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function zeroDropped(): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;
}
