import type { ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { LedgerCounts, type Ledger } from "../ledger/ledger.ts";
import type { Series } from "../metrics/series.ts";
import { CellQueue } from "../queue/cell-queue.ts";

/** What the recorder knows of one cell name. */
export interface Cell {
  readonly name: string;
  /** The cell's series of `pyisolate.denials`; that of `_other` past the budget. */
  readonly series: Series;
  readonly folded: boolean;
  /** The cell's ledger; replaced by that of `_other` when the cell is evicted. */
  ledger: LedgerCounts;
  /** Goes with each of the cell's records. */
  readonly owner: ReceiptOwner;
  readonly queue: CellQueue<Cell>;
  /** The ledger when a cell of this name was last closed: what the next one's record starts from. */
  closedAt: Ledger | undefined;
}

/** What became of records of a cell that stand for so many of its denials. */
export type Settle = (cell: Cell, ...args: Parameters<ReceiptOwner["settle"]>) => void;

export function newCell(name: string, series: Series, folded: boolean, settle: Settle): Cell {
  const cell: Cell = {
    name,
    series,
    folded,
    ledger: new LedgerCounts(),
    owner: {
      settle: (outcome, records, denials) => {
        settle(cell, outcome, records, denials);
      },
    },
    queue: new CellQueue(),
    closedAt: undefined,
  };
  return cell;
}
