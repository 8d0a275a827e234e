import { newSeries, type CounterBuffer, type Series } from "../metrics/counter-buffer.ts";
import { ATTRIBUTES as A, DROP_REASONS, type DropReason } from "../semconv.ts";
import type { DeliveryOutcome } from "./delivery-receipt.ts";
import { LedgerCounts } from "./ledger.ts";

/** What has a ledger of its own beside the process': a cell. */
interface LedgerHolder {
  readonly ledger: LedgerCounts;
}

/** The ledger of the process and those of the cells, written together, and as the metric `pyisolate.denial.records`. */
export class Ledgers<Cell extends LedgerHolder> {
  readonly total = new LedgerCounts();
  readonly #counters: CounterBuffer;
  readonly #onSettled: (cell: Cell, outcome: DeliveryOutcome) => void;
  readonly #emitted = recordsSeries("emitted");
  readonly #coalesced = recordsSeries("coalesced");
  readonly #dropped: Record<DropReason, Series>;

  /** @param onSettled is called when records that a logger had taken have arrived or are lost; must not throw. */
  constructor(counters: CounterBuffer, onSettled: (cell: Cell, outcome: DeliveryOutcome) => void) {
    this.#counters = counters;
    this.#onSettled = onSettled;
    const dropped = DROP_REASONS.map(
      (reason) => [reason, recordsSeries("dropped", reason)] as const,
    );
    this.#dropped = Object.fromEntries(dropped) as Record<DropReason, Series>;
  }

  /** Every series of the metric: the outcomes are a closed set. */
  get allSeries(): readonly Series[] {
    return [this.#emitted, this.#coalesced, ...Object.values(this.#dropped)];
  }

  deny(cell: Cell): void {
    this.total.deny();
    cell.ledger.deny();
  }

  /** Accounts for records that stand for `count` denials, which have arrived or are lost. */
  settle(cell: Cell, outcome: DeliveryOutcome, records: number, count: number): void {
    if (outcome === "arrived") this.#emit(cell, records, count);
    else this.drop(cell, count, outcome);
    this.#onSettled(cell, outcome);
  }

  drop(cell: Cell, count: number, reason: DropReason): void {
    this.total.drop(count, reason);
    cell.ledger.drop(count, reason);
    this.#counters.countMany(this.#dropped[reason], count);
  }

  #emit(cell: Cell, records: number, count: number): void {
    this.total.emit(records, count);
    cell.ledger.emit(records, count);
    this.#counters.countMany(this.#emitted, records);
    if (count > records) this.#counters.countMany(this.#coalesced, count - records);
  }
}

function recordsSeries(outcome: string, dropReason?: DropReason): Series {
  return newSeries("records", {
    [A.outcome.name]: outcome,
    ...(dropReason === undefined ? {} : { [A.dropReason.name]: dropReason }),
  });
}
