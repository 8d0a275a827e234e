import type { TimeRange } from "../time-range.ts";

/** A time range cut into columns of equal width. */
export interface Grid extends TimeRange {
  /** Milliseconds. */
  readonly step: number;
  /** The end of each column; the last is `to`. */
  readonly ends: readonly number[];
}

export function gridOf({ from, to }: TimeRange, columns: number): Grid {
  // Use whole milliseconds, so that a sample's time equals a column's end exactly.
  const step = Math.max(1, Math.ceil((to - from) / columns));
  const ends = Array.from({ length: columns }, (_, column) => to - (columns - 1 - column) * step);
  return { from: to - columns * step, to, step, ends };
}
