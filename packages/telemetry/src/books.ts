import type { Cell } from "./cells.ts";
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

  /** One record stands for `count` denials. */
  emit(cell: Cell, count: number): void {
    this.total.emit(count);
    cell.account.emit(count);
    this.#tally.count(this.#emitted);
    if (count > 1) this.#tally.countMany(this.#coalesced, count - 1);
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
