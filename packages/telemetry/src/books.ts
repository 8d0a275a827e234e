import type { Cell } from "./cells.ts";
import type { Fate } from "./far-end.ts";
import { Account } from "./ledger.ts";
import { ATTRIBUTES as A, DROP_REASONS, type DropReason } from "./semconv.ts";
import { newRow, type Row, type Tally } from "./tally.ts";

/** The ledger of the process and of each cell, written together, and as the metric `pyisolate.denial.records`. */
export class Books {
  readonly total = new Account();
  readonly #tally: Tally;
  readonly #emitted = recordsRow("emitted");
  readonly #coalesced = recordsRow("coalesced");
  readonly #dropped: Record<DropReason, Row>;

  constructor(tally: Tally) {
    this.#tally = tally;
    const dropped = DROP_REASONS.map((reason) => [reason, recordsRow("dropped", reason)] as const);
    this.#dropped = Object.fromEntries(dropped) as Record<DropReason, Row>;
  }

  /** Every row of the metric: the outcomes are a closed set. */
  get rows(): readonly Row[] {
    return [this.#emitted, this.#coalesced, ...Object.values(this.#dropped)];
  }

  deny(cell: Cell): void {
    this.total.deny();
    cell.account.deny();
  }

  /** What has become of records that stand for `count` denials is known. */
  settle(cell: Cell, fate: Fate, records: number, count: number): void {
    if (fate !== "arrived") {
      this.drop(cell, count, fate);
      return;
    }
    this.total.emit(records, count);
    cell.account.emit(records, count);
    this.#tally.countMany(this.#emitted, records);
    if (count > records) this.#tally.countMany(this.#coalesced, count - records);
  }

  drop(cell: Cell, count: number, reason: DropReason): void {
    this.total.drop(count, reason);
    cell.account.drop(count, reason);
    this.#tally.countMany(this.#dropped[reason], count);
  }
}

function recordsRow(outcome: string, dropReason?: DropReason): Row {
  return newRow("records", {
    [A.outcome.name]: outcome,
    ...(dropReason === undefined ? {} : { [A.dropReason.name]: dropReason }),
  });
}
