import type { Attributes } from "@opentelemetry/api";

import type { CounterKey } from "../semconv.ts";

/** One series of one counter, with what has been counted since the last flush to the SDK. */
export interface Series {
  pending: number;
  readonly counter: CounterKey;
  /** The SDK keeps this object and hashes it at every add: it must never change. */
  readonly attributes: Attributes;
}

/** A series that nothing has been counted in yet. */
export function newSeries(counter: CounterKey, attributes: Attributes): Series {
  return { pending: 0, counter, attributes };
}

/** Increments that wait for the next flush. Counting one is an addition here and costs 20 times as much in the SDK, which gets only sums. */
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
   * Passes every pending sum to `add`. If `add` throws, its sum stays pending.
   *
   * @returns how many sums stay pending.
   */
  flush(add: (series: Series, amount: number) => void): number {
    const dirty = this.#dirty;
    this.#dirty = [];
    let refused = 0;
    for (const series of dirty) {
      const amount = series.pending;
      // Reset before the call: what `add` causes to be counted belongs to the next sum.
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
