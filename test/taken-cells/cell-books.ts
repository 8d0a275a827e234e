import assert from "node:assert/strict";

import type { CellTotals, DenialEvent, DenialSink } from "@pyisolate/policy";

/** What the sink was told of one cell. */
interface Page {
  denials: number;
  /** Denials by a limit of which there is one a cell: its end. */
  ends: number;
  closed: CellTotals | undefined;
  afterClosed: number;
  gaps: number;
}

const ENDING = /^limit\.(?:cpu|wall|memory|crash)$/;

/** Keeps a page for each cell, of bounded size whatever the cell does, and closes it when the cell has ended. */
export class CellBooks implements DenialSink {
  readonly #pages = new Map<string, Page>();

  record(event: DenialEvent): void {
    const page = this.#page(event.cell);
    page.denials += 1;
    if (event.seq !== page.denials) page.gaps += 1;
    if (ENDING.test(event.policyRule)) page.ends += 1;
    if (page.closed !== undefined) page.afterClosed += 1;
  }

  closed(totals: CellTotals): void {
    const page = this.#page(totals.cell);
    if (page.closed !== undefined) page.afterClosed += 1;
    page.closed = totals;
  }

  /** Denials of a cell so far. */
  denials(cell: string): number {
    return this.#pages.get(cell)?.denials ?? 0;
  }

  /** Closes the page of a cell that has ended: one record of its end, none after it, and each denial told once. */
  settle(cell: string, stats: { readonly denials: number }): void {
    const page = this.#page(cell);
    this.#pages.delete(cell);
    const { closed } = page;
    assert.ok(closed !== undefined, `no record of the end of ${cell}`);
    assert.deepEqual(
      {
        total: closed.denials,
        stats: stats.denials,
        gaps: page.gaps,
        afterClosed: page.afterClosed,
      },
      { total: page.denials, stats: page.denials, gaps: 0, afterClosed: 0 },
      `what was told of ${cell}`,
    );
    assert.ok(page.ends <= 1, `${page.ends} denials say that ${cell} ended`);
  }

  #page(cell: string): Page {
    let page = this.#pages.get(cell);
    if (page === undefined) {
      page = { denials: 0, ends: 0, closed: undefined, afterClosed: 0, gaps: 0 };
      this.#pages.set(cell, page);
    }
    return page;
  }
}
