import type { DeliveryOutcome, ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { LedgerCounts, type Ledger } from "../ledger/ledger.ts";
import type { Series } from "../metrics/counter-buffer.ts";
import { CellQueue } from "../queue/cell-queue.ts";

/** Where a cell's records are accounted for: its own ledger, and that of the process. */
export interface CellLedgers {
  /** Must not throw. */
  settle(cell: Cell, outcome: DeliveryOutcome, records: number, denials: number): void;
}

/** What the recorder knows of one cell name. */
export class Cell implements ReceiptOwner {
  readonly name: string;
  /** The cell's series of `pyisolate.denials`; that of `_other` past the budget. */
  readonly series: Series;
  /** Whether the series is that of `_other`. */
  readonly folded: boolean;
  /** The cell's ledger; replaced by that of `_other` when the cell is evicted. */
  ledger = new LedgerCounts();
  readonly queue = new CellQueue<Cell>();
  /** The ledger when a cell of this name was last closed: what the next one's record starts from. */
  closedAt: Ledger | undefined;
  readonly #ledgers: CellLedgers;

  constructor(name: string, series: Series, folded: boolean, ledgers: CellLedgers) {
    this.name = name;
    this.series = series;
    this.folded = folded;
    this.#ledgers = ledgers;
  }

  settle(outcome: DeliveryOutcome, records: number, denials: number): void {
    this.#ledgers.settle(this, outcome, records, denials);
  }
}
