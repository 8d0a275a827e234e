import { MAX_CELL_LENGTH } from "@pyisolate/policy/events";

import { cleanOnce } from "../clean-once.ts";
import type { LedgerCounts } from "../ledger/ledger.ts";
import { OTHER } from "../semconv.ts";
import { Cell, CellSeries, type CellLedgers } from "./cell.ts";

/** Most closed cells that are tried when one is to be evicted. Bounded, because eviction happens during a refused call. */
const MAX_LOOKS = 8;

/** Longest name, in UTF-16 code units: twice what `denialEvent` lets through. A longer text is not a cell's name. */
const MAX_NAME = 256;

/**
 * Cells by name, with two bounds. A series lives as long as the process, because the SDK never forgets one: past `max` names, new
 * cells share the series `_other`. A cell itself, with its ledger, is kept until it is closed and its room is needed.
 */
export class BoundedCells {
  readonly #max: number;
  readonly #ledgers: CellLedgers;
  /** By name, the series that names have of their own, with the cell that counts in it. */
  readonly #series = new Map<string, CellSeries>();
  /** Cells past the budget of series. */
  readonly #folded = new Map<string, Cell>();
  /** Cells of either kind. */
  #live = 0;
  readonly #closed = new Set<string>();
  readonly #other: Cell;
  #last: Cell;

  constructor(max: number, ledgers: CellLedgers) {
    this.#max = max;
    this.#ledgers = ledgers;
    const series = new CellSeries(OTHER);
    this.#other = new Cell(OTHER, series, ledgers);
    this.#last = this.#other;
  }

  /** Series so far, including that of `_other`. */
  get size(): number {
    return this.#series.size + 1;
  }

  /** The cell that all cells past the bound share. */
  get other(): Cell {
    return this.#other;
  }

  /** @throws TypeError if the name is empty, too long or not a string. */
  find(name: string): Cell {
    if (this.#last.name === name) return this.#last;
    const cell = this.#known(name) ?? this.#resolve(name);
    this.#last = cell;
    return cell;
  }

  /** The ledger that a cell's denials are in; undefined for a name of which there were none. Never makes a cell. */
  ledger(name: string): LedgerCounts | undefined {
    const own = (this.#known(name) ?? this.#known(labelOf(name)))?.ledger;
    if (own !== undefined) return own;
    return this.#other.ledger.denied > 0 ? this.#other.ledger : undefined;
  }

  /** Marks a cell as closed: it may be evicted when its room is needed. */
  close(cell: Cell): void {
    if (cell !== this.#other) this.#closed.add(cell.name);
  }

  /** Marks a cell as open: a name may be used again after its cell was closed. */
  reopen(cell: Cell): void {
    if (this.#closed.size > 0) this.#closed.delete(cell.name);
  }

  #known(name: string): Cell | undefined {
    const series = this.#series.get(name);
    return series === undefined ? this.#folded.get(name) : series.cell;
  }

  #resolve(given: string): Cell {
    if (typeof given !== "string" || given === "" || given.length > MAX_NAME) {
      throw new TypeError("cell must be a name");
    }
    const name = labelOf(given);
    const known = this.#known(name);
    if (known !== undefined) return known;
    if (name === OTHER) return this.#other;
    if (this.#live >= this.#max && !this.#retire()) return this.#other;
    const series = this.#series.get(name) ?? this.#newSeries(name);
    const cell = new Cell(name, series ?? this.#other.series, this.#ledgers);
    if (series === undefined) this.#folded.set(name, cell);
    else series.cell = cell;
    this.#live += 1;
    return cell;
  }

  #newSeries(name: string): CellSeries | undefined {
    // One series of the budget is that of `_other`.
    if (this.#series.size >= this.#max - 1) return undefined;
    const series = new CellSeries(name);
    this.#series.set(name, series);
    return series;
  }

  #retire(): boolean {
    let looks = MAX_LOOKS;
    for (const name of this.#closed) {
      const cell = this.#known(name);
      this.#closed.delete(name);
      // Its closed-cell record needs its ledger, and waits for it to be settled: try the others first.
      if (cell?.isClosing === true) {
        this.#closed.add(name);
        looks -= 1;
        if (looks === 0) return false;
        continue;
      }
      if (cell !== undefined) this.#evict(cell);
      return true;
    }
    return false;
  }

  #evict(cell: Cell): void {
    const series = this.#series.get(cell.name);
    if (series === undefined) this.#folded.delete(cell.name);
    else series.cell = undefined;
    this.#live -= 1;
    this.#other.ledger.absorb(cell.ledger);
    // The receipts of its records that are still on their way settle in that ledger.
    cell.ledger = this.#other.ledger;
    if (this.#last === cell) this.#last = this.#other;
  }
}

/** A name as `denialEvent` cleans it: a guard may have made its event without it. */
function labelOf(name: string): string {
  return cleanOnce(name, MAX_CELL_LENGTH);
}
