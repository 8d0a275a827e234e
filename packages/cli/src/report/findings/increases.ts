import type { Prometheus, Series } from "../ask/prometheus.ts";
import { SourceError } from "../ask/source-error.ts";
import type { Grid } from "./grid.ts";

/** How far before the range a counter's last value is looked for, and so what "new" is measured against. */
export const LOOK_BACK = { promql: "24h", words: "24 h" } as const;
/** Series of one metric. Beyond it the answers do not fit into memory for what they are worth. */
const MAX_SERIES = 10_000;

/** What one series of a counter counted in a range. */
export interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  /** Exact, as far as Prometheus has seen the counter. */
  readonly total: number;
  /** For each column of the grid. Where the counter was unseen for a while, its increase is spread over that while. */
  readonly columns: readonly number[];
  /** What the counter stood at before the range; 0 where it was not there. */
  readonly before: number;
}

/**
 * What each series of a counter counted in each column.
 *
 * Not PromQL's `increase`, which extrapolates, and which does not see the first count of a new series: five denials by a
 * rule that never denied before would be 0. A report whose sums do not add up is not believed.
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

/** A counter's increase from what it stood at before the range, undefined where it was not there, and its values. */
export function increaseOf(
  { labels, points }: Series,
  before: number | undefined,
  grid: Grid,
): Increase {
  const columns = grid.ends.map(() => 0);
  let total = 0;
  let last = before ?? 0;
  // A new counter counted from 0 in the column where it appears; a known one since it was last seen.
  let seen = before === undefined ? undefined : -1;
  for (const [time, value] of points) {
    const column = Math.round((time - (grid.ends[0] ?? 0)) / grid.step);
    // A counter that fell was reset: its process began anew.
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
  // The functions drop the name, the selector keeps it.
  const pairs = Object.entries(labels).filter(([name]) => name !== "__name__");
  return JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
