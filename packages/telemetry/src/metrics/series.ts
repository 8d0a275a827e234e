import type { Attributes } from "@opentelemetry/api";

import type { CounterKey } from "../semconv.ts";

/** One series of one counter: what has been counted since it was last handed to the SDK. */
export interface Series {
  pending: number;
  readonly counter: CounterKey;
  /** The SDK keeps this very object and hashes it at every add: never changed, one for the life of the row. */
  readonly attributes: Attributes;
}

/** A row that nothing has counted yet. */
export function newSeries(counter: CounterKey, attributes: Attributes): Series {
  return { pending: 0, counter, attributes };
}

/** Counts that wait for a meter. Counting is an addition; the SDK, at 20 times the cost, sees only sums. */
export class CounterBuffer {
  #dirty: Series[] = [];

  count(series: Series): void {
    if (series.pending === 0) this.#dirty.push(series);
    series.pending += 1;
  }

  countMany(series: Series, amount: number): void {
    if (series.pending === 0) this.#dirty.push(series);
    series.pending += amount;
  }

  /**
   * Hands every pending sum to `add`. A sum that `add` refuses by throwing stays pending.
   *
   * @returns how many were refused.
   */
  flush(add: (series: Series, amount: number) => void): number {
    const dirty = this.#dirty;
    this.#dirty = [];
    let refused = 0;
    for (const series of dirty) {
      const amount = series.pending;
      // Before the call: whatever `add` causes to be counted meanwhile is a new sum.
      series.pending = 0;
      try {
        add(series, amount);
      } catch {
        refused += 1;
        this.countMany(series, amount);
      }
    }
    return refused;
  }
}
