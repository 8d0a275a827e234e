import type { Attributes } from "@opentelemetry/api";

import { recordMaker } from "../metrics/compact-record.ts";
import type { DeliveryOutcome, ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { LedgerCounts, type Ledger } from "../ledger/ledger.ts";
import type { Series } from "../metrics/counter-buffer.ts";
import { CellQueue } from "../queue/cell-queue.ts";
import { ATTRIBUTES as A } from "../semconv.ts";

/** Where a cell's records are accounted for: its own ledger, and that of the process. */
export interface CellLedgers {
  /** Must not throw. */
  settle(cell: Cell, outcome: DeliveryOutcome, records: number, denials: number): void;
}

const newAttributes = recordMaker([A.cell.name], "");

/** The series of `pyisolate.denials` of one cell name, or of `_other`. It outlives its cells: the SDK forgets none. */
export class CellSeries implements Series {
  pending = 0;
  readonly attributes: Attributes = newAttributes();
  /** The cell of the name; undefined while there is none, and always in the series `_other`, which many cells share. */
  cell: Cell | undefined;

  constructor(name: string) {
    this.attributes[A.cell.name] = name;
  }

  get counter(): "denials" {
    return "denials";
  }
}

/** What the recorder knows of one cell name. It is its own ledger: with thousands of cells, a second object each would cost memory. */
export class Cell extends LedgerCounts implements ReceiptOwner {
  readonly name: string;
  /** The cell's series; that of `_other` past the budget. */
  readonly series: CellSeries;
  /** Where its denials are accounted for: in the cell itself, and in that of `_other` once it is evicted. */
  ledger: LedgerCounts = this;
  /** The ledger when a cell of this name was last closed: what the next one's record starts from. */
  closedAt: Ledger | undefined;
  #queue: CellQueue<Cell> | undefined;
  readonly #ledgers: CellLedgers;

  constructor(name: string, series: CellSeries, ledgers: CellLedgers) {
    super();
    this.name = name;
    this.series = series;
    this.#ledgers = ledgers;
  }

  /** Whether the series is that of `_other`. */
  get folded(): boolean {
    return this.series.cell !== this;
  }

  /** The cell's share of the record queue: made when it is needed, and given up by {@link rest}. */
  get queue(): CellQueue<Cell> {
    return (this.#queue ??= new CellQueue<Cell>());
  }

  /** Whether the cell has been closed and is still to be reported. */
  get isClosing(): boolean {
    return this.#queue !== undefined && this.#queue.closing > 0;
  }

  /** At the end of a window: gives up a queue in which nothing waits. Of thousands of cells few are refused anything at one time. */
  rest(): boolean {
    if (this.#queue !== undefined && !this.#queue.isIdle) return false;
    this.#queue = undefined;
    return true;
  }

  settle(outcome: DeliveryOutcome, records: number, denials: number): void {
    this.#ledgers.settle(this, outcome, records, denials);
  }
}
