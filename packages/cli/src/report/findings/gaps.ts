import type { TimeRange } from "../time-range.ts";

/** How many scrapes in a row must be missing to make a gap. */
export const MISSED = 3;

/**
 * Finds the gaps: the ranges in which no sample was seen.
 *
 * @param heard Times of the samples, Unix milliseconds, in order.
 * @param usual The usual milliseconds between two samples.
 */
export function gapsBetween(heard: readonly number[], usual: number): TimeRange[] {
  return heard.flatMap((to, index) => {
    const from = heard[index - 1];
    return from !== undefined && to - from > usual * MISSED ? [{ from, to }] : [];
  });
}

/** The usual distance between two samples; undefined if there are too few to tell. */
export function usualDistance(heard: readonly number[]): number | undefined {
  const distances = heard
    .flatMap((time, index) => {
      const before = heard[index - 1];
      return before === undefined ? [] : [time - before];
    })
    .toSorted((a, b) => a - b);
  // Take the lower of the two middle distances: of a few samples, the upper one may be the gap.
  return distances[Math.floor((distances.length - 1) / 2)];
}

/** Merges ranges into one list without overlaps, in order. */
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
