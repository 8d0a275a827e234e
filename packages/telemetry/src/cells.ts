import { MAX_CELL_LENGTH } from "@pyisolate/policy";

import type { Burst } from "./queue/coalescer.ts";
import { cleanOnce } from "./clean-once.ts";
import type { ReceiptOwner } from "./ledger/delivery-receipt.ts";
import { LedgerCounts, type Ledger } from "./ledger/ledger.ts";
import type { WindowBudget } from "./queue/record-budget.ts";
import type { EventSeries } from "./metrics/event-series.ts";
import { ATTRIBUTES as A, OTHER } from "./semconv.ts";
import { newSeries, type Series } from "./metrics/series.ts";

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
type Settle = (cell: Cell, ...args: Parameters<ReceiptOwner["settle"]>) => void;

/** Closed cells that are looked at for one to be forgotten: somebody is being denied meanwhile. */
const MAX_LOOKS = 8;

/** Longest name that is looked at: what `denialEvent` lets through, and some. */
const MAX_NAME = 256;

/**
 * Cells by name, bounded twice. A series is for the life of the process, because the SDK never forgets one: past `max` names
 * new cells share `_other`. An account (a cell's ledger) is kept until its room is needed and its cell has closed.
 */
export class Cells {
  readonly #max: number;
  readonly #settle: Settle;
  readonly #series = new Map<string, Series>();
  readonly #cells = new Map<string, Cell>();
  readonly #closed = new Set<string>();
  readonly #other: Cell;
  #last: Cell;

  /** @param settle is told what became of a cell's records; must not throw. */
  constructor(max: number, settle: Settle) {
    this.#max = max;
    this.#settle = settle;
    const series = newSeries("denials", { [A.cell.name]: OTHER });
    this.#other = newCell(OTHER, series, true, settle);
    this.#last = this.#other;
  }

  /** Series so far, that of `_other` included. */
  get size(): number {
    return this.#series.size + 1;
  }

  /** The cell that all cells past the bound share. */
  get other(): Cell {
    return this.#other;
  }

  /** @throws TypeError where the name is not a name. */
  find(name: string): Cell {
    if (this.#last.name === name) return this.#last;
    const cell = this.#cells.get(name) ?? this.#resolve(name);
    this.#last = cell;
    return cell;
  }

  /** The account that a cell's denials are in, without making one: undefined for a name never heard of. */
  ledger(name: string): LedgerCounts | undefined {
    const own = (this.#cells.get(name) ?? this.#cells.get(labelOf(name)))?.ledger;
    if (own !== undefined) return own;
    return this.#other.ledger.denied > 0 ? this.#other.ledger : undefined;
  }

  /** A cell of this name has ended: its account may go when room is needed. */
  close(cell: Cell): void {
    if (cell !== this.#other) this.#closed.add(cell.name);
  }

  /** A cell that was closed and is denied again is open: a name may be used twice. */
  reopen(cell: Cell): void {
    if (this.#closed.size > 0) this.#closed.delete(cell.name);
  }

  #resolve(given: string): Cell {
    if (typeof given !== "string" || given === "" || given.length > MAX_NAME) {
      throw new TypeError("cell must be a name");
    }
    const name = labelOf(given);
    const known = this.#cells.get(name);
    if (known !== undefined) return known;
    if (name === OTHER) return this.#other;
    if (this.#cells.size >= this.#max && !this.#retire()) return this.#other;
    const series = this.#series.get(name) ?? this.#newSeries(name);
    const cell = newCell(name, series ?? this.#other.series, series === undefined, this.#settle);
    this.#cells.set(name, cell);
    return cell;
  }

  #newSeries(name: string): Series | undefined {
    // One series of the budget is that of `_other`.
    if (this.#series.size >= this.#max - 1) return undefined;
    const series = newSeries("denials", { [A.cell.name]: name });
    this.#series.set(name, series);
    return series;
  }

  #retire(): boolean {
    let looks = MAX_LOOKS;
    for (const name of this.#closed) {
      const cell = this.#cells.get(name);
      this.#closed.delete(name);
      // Its end is told with its own account, as soon as that is settled: the others are looked at first.
      if (cell !== undefined && cell.closing > 0) {
        this.#closed.add(name);
        looks -= 1;
        if (looks === 0) return false;
        continue;
      }
      this.#cells.delete(name);
      if (cell !== undefined) {
        this.#other.ledger.absorb(cell.ledger);
        // Records of it that are still on their way are settled there.
        cell.ledger = this.#other.ledger;
      }
      if (this.#last === cell) this.#last = this.#other;
      return true;
    }
    return false;
  }
}

/** A name as its label has it: what `denialEvent` makes of it, also where a guard did without. */
function labelOf(name: string): string {
  return cleanOnce(name, MAX_CELL_LENGTH);
}

function newCell(name: string, series: Series, folded: boolean, settle: Settle): Cell {
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
