import { DROP_REASONS, type DropReason, type LossReason } from "./semconv.ts";

/**
 * What became of denial events: `denied = emitted + coalesced + dropped + pending`, at every moment.
 */
export interface Ledger {
  /** Events recorded, verdicts of a shadow policy included. */
  readonly denied: number;
  /** Log records handed to the logger. */
  readonly emitted: number;
  /** Events that another's record carries in its `pyisolate.denial.count`. */
  readonly coalesced: number;
  /** Events without a record, by reason; reasons that did not occur are left out. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Events whose record is still to be emitted. */
  readonly pending: number;
  /**
   * Of the emitted records, those that are known never to arrive, by reason: of the process only, and only there where some
   * are. A burst's record is one.
   */
  readonly lost?: Readonly<Partial<Record<LossReason, number>>>;
}

/** One running ledger: a cell's, or the process'. Each method keeps the balance. */
export class Account {
  denied = 0;
  emitted = 0;
  coalesced = 0;
  pending = 0;
  readonly dropped: Record<DropReason, number> = zeroDropped();

  deny(): void {
    this.denied += 1;
    this.pending += 1;
  }

  /** One record stands for `count` pending events. */
  emit(count: number): void {
    this.pending -= count;
    this.emitted += 1;
    this.coalesced += count - 1;
  }

  drop(count: number, reason: DropReason): void {
    this.pending -= count;
    this.dropped[reason] += count;
  }

  /** Takes over the totals of an account that nobody will ask for by name any more. */
  absorb(other: Account): void {
    this.denied += other.denied;
    this.emitted += other.emitted;
    this.coalesced += other.coalesced;
    this.pending += other.pending;
    for (const reason of DROP_REASONS) this.dropped[reason] += other.dropped[reason];
  }

  /** The ledger as of now, less what an earlier one already said. */
  read(since?: Ledger): Ledger {
    const dropped: Partial<Record<DropReason, number>> = {};
    for (const reason of DROP_REASONS) {
      const count = this.dropped[reason] - (since?.dropped[reason] ?? 0);
      if (count !== 0) dropped[reason] = count;
    }
    return {
      denied: this.denied - (since?.denied ?? 0),
      emitted: this.emitted - (since?.emitted ?? 0),
      coalesced: this.coalesced - (since?.coalesced ?? 0),
      dropped,
      pending: this.pending - (since?.pending ?? 0),
    };
  }
}

/** Events without a record, whatever the reason. */
export function droppedTotal(ledger: Ledger): number {
  return Object.values(ledger.dropped).reduce((sum, count) => sum + count, 0);
}

function zeroDropped(): Record<DropReason, number> {
  return { disabled: 0, ring_full: 0, emit_failed: 0, invalid: 0, shutdown: 0 };
}
