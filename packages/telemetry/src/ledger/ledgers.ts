import type { DeliveryOutcome } from "./delivery-receipt.ts";
import { LedgerCounts } from "./ledger.ts";
import { ATTRIBUTES as A, DROP_REASONS, type DropReason } from "../semconv.ts";
import { newSeries, type Series, type CounterBuffer } from "../metrics/series.ts";

/** What has a ledger of its own beside the process': a cell. */
interface LedgerHolder {
  readonly ledger: LedgerCounts;
}

/** The ledger of the process and of each cell, written together, and as the metric `pyisolate.denial.records`. */
export class Ledgers {
  readonly total = new LedgerCounts();
  readonly #counters: CounterBuffer;
  readonly #emitted = recordsSeries("emitted");
  readonly #coalesced = recordsSeries("coalesced");
  readonly #dropped: Record<DropReason, Series>;

  constructor(counters: CounterBuffer) {
    this.#counters = counters;
    const dropped = DROP_REASONS.map(
      (reason) => [reason, recordsSeries("dropped", reason)] as const,
    );
    this.#dropped = Object.fromEntries(dropped) as Record<DropReason, Series>;
  }

  /** Every row of the metric: the outcomes are a closed set. */
  get allSeries(): readonly Series[] {
    return [this.#emitted, this.#coalesced, ...Object.values(this.#dropped)];
  }

  deny(cell: LedgerHolder): void {
    this.total.deny();
    cell.ledger.deny();
  }

  /** What has become of records that stand for `count` denials is known. */
  settle(cell: LedgerHolder, outcome: DeliveryOutcome, records: number, count: number): void {
    if (outcome !== "arrived") {
      this.drop(cell, count, outcome);
      return;
    }
    this.total.emit(records, count);
    cell.ledger.emit(records, count);
    this.#counters.countMany(this.#emitted, records);
    if (count > records) this.#counters.countMany(this.#coalesced, count - records);
  }

  drop(cell: LedgerHolder, count: number, reason: DropReason): void {
    this.total.drop(count, reason);
    cell.ledger.drop(count, reason);
    this.#counters.countMany(this.#dropped[reason], count);
  }
}

function recordsSeries(outcome: string, dropReason?: DropReason): Series {
  return newSeries("records", {
    [A.outcome.name]: outcome,
    ...(dropReason === undefined ? {} : { [A.dropReason.name]: dropReason }),
  });
}
