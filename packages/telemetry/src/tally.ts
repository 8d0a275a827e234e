import type { Attributes } from "@opentelemetry/api";

import type { CounterKey } from "./semconv.ts";

/** One series of one counter: what has been counted since it was last handed to the SDK. */
export interface Row {
  pending: number;
  readonly counter: CounterKey;
  /** The SDK keeps this very object and hashes it at every add: never changed, one for the life of the row. */
  readonly attributes: Attributes;
}

/** A row that nothing has counted yet. */
export function newRow(counter: CounterKey, attributes: Attributes): Row {
  return { pending: 0, counter, attributes };
}

/** Counts that wait for a meter. Counting is an addition; the SDK, at 20 times the cost, sees only sums. */
export class Tally {
  #dirty: Row[] = [];

  count(row: Row): void {
    if (row.pending === 0) this.#dirty.push(row);
    row.pending += 1;
  }

  countMany(row: Row, amount: number): void {
    if (row.pending === 0) this.#dirty.push(row);
    row.pending += amount;
  }

  /**
   * Hands every pending sum to `add`. A sum that `add` refuses by throwing stays pending.
   *
   * @returns how many were refused.
   */
  flush(add: (row: Row, amount: number) => void): number {
    const rows = this.#dirty;
    this.#dirty = [];
    let refused = 0;
    for (const row of rows) {
      const amount = row.pending;
      // Before the call: whatever `add` causes to be counted meanwhile is a new sum.
      row.pending = 0;
      try {
        add(row, amount);
      } catch {
        refused += 1;
        this.countMany(row, amount);
      }
    }
    return refused;
  }
}
