import type { Increase } from "./increases.ts";

/** One name of a ranking, with its counts in the range. */
export interface Ranked {
  readonly name: string;
  readonly total: number;
  readonly columns: readonly number[];
}

/** Sums increases by a key that is taken from their labels, and sorts the greatest first. */
export function ranked(
  increases: readonly Increase[],
  nameOf: (labels: Increase["labels"]) => string,
): Ranked[] {
  const sums = new Map<string, { total: number; columns: number[] }>();
  for (const { labels, total, columns } of increases) {
    if (total === 0) continue;
    const name = nameOf(labels);
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, { total, columns: [...columns] });
    else {
      sum.total += total;
      for (const [column, count] of columns.entries())
        sum.columns[column] = (sum.columns[column] ?? 0) + count;
    }
  }
  return [...sums]
    .map(([name, sum]) => ({ name, ...sum }))
    .toSorted((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
}

export function totalOf(increases: readonly { readonly total: number }[]): number {
  return increases.reduce((sum, { total }) => sum + total, 0);
}
