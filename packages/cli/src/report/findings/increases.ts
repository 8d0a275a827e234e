import type { Prometheus, Series } from "../ask/prometheus.ts";
import { SourceError } from "../ask/source-error.ts";
import type { Grid } from "./time-columns.ts";

/** How far before the range a counter's last value is looked up. A series without one counts as new. */
export const LOOK_BACK = { promql: "24h", words: "24 h" } as const;
/** Most series of one metric. Larger answers would take more memory than they are worth. */
const MAX_SERIES = 10_000;

/** How much one series of a counter grew in a range. */
export interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  /** Growth in the whole range; exact for everything that Prometheus scraped. */
  readonly total: number;
  /** Growth in each column of the grid. If the counter was not scraped for a while, its growth is spread over that while. */
  readonly columns: readonly number[];
  /** The counter's value before the range; 0 if it did not exist. */
  readonly before: number;
}

/**
 * Computes how much each series of a counter grew in each column.
 *
 * PromQL's `increase` is not used, because it extrapolates and misses the first count of a new series: five denials by a rule
 * that never denied before would be 0. Readers do not trust a report whose sums do not add up.
 *
 * @throws {SourceError}
 */
export async function increases(
  prometheus: Prometheus,
  selector: string,
  grid: Grid,
): Promise<Increase[]> {
  const range = `${grid.to - grid.from}ms`;
  const [count] = await prometheus.at(`count(last_over_time(${selector}[${range}]))`, grid.to);
  const found = count?.points[0]?.[1] ?? 0;
  if (found > MAX_SERIES)
    throw new SourceError(
      `${found} series of ${selector}, of which a report can take ${MAX_SERIES}. Ask for less: a shorter range, one job or one instance.`,
    );
  const [before, during] = await Promise.all([
    prometheus.at(`last_over_time(${selector}[${LOOK_BACK.promql}])`, grid.from),
    prometheus.over(`last_over_time(${selector}[${grid.step}ms])`, {
      from: grid.ends[0] ?? grid.to,
      to: grid.to,
      step: grid.step,
    }),
  ]);
  const stoodAt = new Map(before.map(({ labels, points }) => [keyOf(labels), points[0]?.[1] ?? 0]));
  return during.map((series) => increaseOf(series, stoodAt.get(keyOf(series.labels)), grid));
}

/** Computes the growth from a counter's value before the range, undefined if it did not exist, and its samples. */
export function increaseOf(
  { labels, points }: Series,
  before: number | undefined,
  grid: Grid,
): Increase {
  const columns = grid.ends.map(() => 0);
  let total = 0;
  let last = before ?? 0;
  // A new counter grew from 0 in the column where it appears; a known one grew since it was last scraped.
  let seen = before === undefined ? undefined : -1;
  for (const [time, value] of points) {
    const column = Math.round((time - (grid.ends[0] ?? 0)) / grid.step);
    // A counter whose value fell was reset, because its process restarted.
    const added = value >= last ? value - last : value;
    const first = (seen ?? column - 1) + 1;
    for (let each = first; each <= column; each++)
      columns[each] = (columns[each] ?? 0) + added / (column - first + 1);
    total += added;
    last = value;
    seen = column;
  }
  return { labels, total, columns, before: before ?? 0 };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  // PromQL's functions drop the metric's name, a bare selector keeps it.
  const pairs = Object.entries(labels).filter(([name]) => name !== "__name__");
  return JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
