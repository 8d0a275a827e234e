import { DeliveryReceipt, type ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { droppedSince, droppedTotal, type Dropped, type LedgerCounts } from "../ledger/ledger.ts";
import { recordsDroppedLogRecord } from "../records/lifecycle-records.ts";
import type { LoggerBinding } from "./logger-binding.ts";

/** Says in the stream itself what is missing from it. */
export class DroppedRecords {
  readonly #logger: LoggerBinding;
  readonly #total: LedgerCounts;
  readonly #again: () => void;
  #told: Dropped = {};

  /** @param again is called when one was lost like those that it told of, and is to be told again. */
  constructor(logger: LoggerBinding, total: LedgerCounts, again: () => void) {
    this.#logger = logger;
    this.#total = total;
    this.#again = again;
  }

  /** Emits what was dropped since the last time, if anything. @returns whether it did. */
  emit(): boolean {
    const now = { ...this.#total.dropped };
    // That nobody wants records is no news in a stream that nobody reads.
    const { disabled: _, ...since } = droppedSince(now, this.#told);
    if (droppedTotal(since) === 0) return false;
    const before = this.#told;
    try {
      const record = recordsDroppedLogRecord(since, Date.now());
      if (!this.#logger.wants(record)) return false;
      // Before it is emitted: it may be lost at once.
      this.#told = now;
      if (this.#logger.emit(record, new DeliveryReceipt(this.#owner(since), 0))) return true;
    } catch {
      // Told again, with what comes, at the end of the next window.
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
