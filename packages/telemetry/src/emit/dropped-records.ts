import { DeliveryReceipt, type ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { droppedSince, droppedTotal, type Dropped, type LedgerCounts } from "../ledger/ledger.ts";
import { recordsDroppedLogRecord } from "../records/lifecycle-records.ts";
import type { LoggerBinding } from "./logger-binding.ts";

/** Emits the event "records.dropped", so that a reader of the log stream learns from it what is missing. */
export class DroppedRecords {
  readonly #logger: LoggerBinding;
  readonly #total: LedgerCounts;
  readonly #again: () => void;
  #told: Dropped = {};

  /** @param again is called when such a record was lost itself, and has to be emitted again. */
  constructor(logger: LoggerBinding, total: LedgerCounts, again: () => void) {
    this.#logger = logger;
    this.#total = total;
    this.#again = again;
  }

  /** Emits what was dropped since the last such record, if anything. @returns whether it did. */
  emit(): boolean {
    const now = { ...this.#total.dropped };
    // Left out: with no logger that wants denials, this record would not be emitted either.
    const { disabled: _, ...since } = droppedSince(now, this.#told);
    if (droppedTotal(since) === 0) return false;
    const before = this.#told;
    try {
      const why = (since.refused ?? 0) > 0 ? this.#logger.exporter?.state.lastLoss : undefined;
      const record = recordsDroppedLogRecord(since, Date.now(), why);
      if (!this.#logger.wants(record)) return false;
      // Set before the record is emitted, because its receipt may settle as lost at once.
      this.#told = now;
      if (this.#logger.emit(record, new DeliveryReceipt(this.#owner(since), 0))) return true;
    } catch {
      // Emit it again at the end of the next window, with what is dropped until then.
    }
    this.#told = before;
    return false;
  }

  #owner(since: Dropped): ReceiptOwner {
    return {
      settle: (outcome) => {
        if (outcome === "arrived") return;
        this.#untell(since);
        this.#again();
      },
    };
  }

  #untell(since: Dropped): void {
    this.#told = droppedSince(this.#told, since);
  }
}
