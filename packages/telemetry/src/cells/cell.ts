import type { ReceiptOwner } from "../ledger/delivery-receipt.ts";
import { LedgerCounts, type Ledger } from "../ledger/ledger.ts";
import type { EventSeries } from "../metrics/event-series.ts";
import type { Series } from "../metrics/series.ts";
import type { Burst } from "../queue/coalescer.ts";
import type { WindowBudget } from "../queue/record-budget.ts";

/** What the recorder knows of one cell name. */
export interface Cell {
  readonly name: string;
  /** Its series of `pyisolate.denials`; that of `_other` past the budget. */
  readonly series: Series;
  readonly folded: boolean;
  /** That of `_other` once it has been closed and its room was needed. */
  ledger: LedgerCounts;
  /** Goes with each of its records. */
  readonly owner: ReceiptOwner;
  /** Events of it in the ring. */
  waiting: number;
  /** Kinds of its denials that burst, and how many those are. */
  readonly kinds: Map<EventSeries, Burst[]>;
  bursts: number;
  /** What it has left of its records. */
  spend: WindowBudget | undefined;
  /** Ends of it that are still to be told. */
  closing: number;
  /** Its ledger when a cell of this name last closed: where the next one's starts. */
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
    waiting: 0,
    kinds: new Map(),
    bursts: 0,
    spend: undefined,
    closing: 0,
    closedAt: undefined,
  };
  return cell;
}
