import type { TimeRange } from "../time-range.ts";

/** Missing scrapes in a row that make a gap. */
export const MISSED = 3;

/**
 * The times between which nothing was heard, out of the times at which something was.
 *
 * @param heard Unix milliseconds, in order.
 * @param usual Milliseconds between two of them, as a rule.
 */
export function gapsBetween(heard: readonly number[], usual: number): TimeRange[] {
  return heard.flatMap((to, index) => {
    const from = heard[index - 1];
    return from !== undefined && to - from > usual * MISSED ? [{ from, to }] : [];
  });
}

/** The usual distance between two of the times; undefined where there are too few to tell. */
export function usualDistance(heard: readonly number[]): number | undefined {
  const distances = heard
    .flatMap((time, index) => {
      const before = heard[index - 1];
      return before === undefined ? [] : [time - before];
    })
    .toSorted((a, b) => a - b);
  // The lower of two in the middle: after a short time one of them may be the gap.
  return distances[Math.floor((distances.length - 1) / 2)];
}

/** Ranges as one list without overlaps, in order. */
export function union(ranges: readonly TimeRange[]): TimeRange[] {
  const merged: TimeRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else merged.push(range);
  }
  return merged;
}
