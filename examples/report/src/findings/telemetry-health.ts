import type { Prometheus, Series } from "../ask/prometheus.ts";
import { INSTANCE, JOB, LABELS, METRICS, seriesOf } from "../names.ts";
import { type Filter, metricSelector } from "../selector.ts";
import type { TimeRange } from "../time-range.ts";
import { type Grid, gridOf } from "./grid.ts";
import { increases } from "./increases.ts";
import { gapsBetween, PRESENCE_COLUMNS, union, usualDistance } from "./presence.ts";
import { type Ranked, ranked, totalOf } from "./ranking.ts";
import { type InstanceState, instanceStates } from "./states.ts";

/** One process that records denials. */
export interface Instance {
  readonly job: string;
  readonly instance: string;
  /** Unix milliseconds of the first and last time that it was heard in the range. */
  readonly first: number;
  readonly last: number;
  /** Where it was not heard though it was before and after. */
  readonly gaps: readonly TimeRange[];
  /** What it said of itself, while it was not exporting. */
  readonly troubles: readonly InstanceState[];
  /** What it said last. */
  readonly state: string;
  /** Denial events less records less those not yet settled; 0 unless something is unaccounted for. */
  readonly residual: number;
  /** Events not yet settled: at last, and at most. */
  readonly queue: number;
  readonly peak: number;
}

/** What is known of the telemetry itself. */
export interface TelemetryHealth {
  readonly instances: readonly Instance[];
  /** Where no instance was heard. The range's ends included: what has not begun cannot be told from what was not heard. */
  readonly silences: readonly TimeRange[];
  readonly records: {
    readonly emitted: number;
    readonly coalesced: number;
    readonly dropped: readonly Ranked[];
  };
  readonly folded: readonly Ranked[];
  readonly redactionsFailed: readonly Ranked[];
  /** Bytes, of every instance's spool at last. */
  readonly spool: { readonly usage: number; readonly limit: number } | undefined;
  /** Unix milliseconds, to a column's width. */
  readonly policyLoads: readonly { readonly time: number; readonly count: number }[];
}

export async function telemetryHealth(
  prometheus: Prometheus,
  filter: Filter,
  grid: Grid,
): Promise<TelemetryHealth> {
  const select = (metric: (typeof METRICS)[keyof typeof METRICS]): string =>
    metricSelector(seriesOf(metric), filter);
  const counted = async (metric: (typeof METRICS)[keyof typeof METRICS]) =>
    await increases(prometheus, select(metric), grid);
  const [records, folded, redactions, loads, instances, usage, limit] = await Promise.all([
    counted(METRICS.records),
    counted(METRICS.folded),
    counted(METRICS.redactions),
    counted(METRICS.policyLoads),
    instancesIn(prometheus, select, grid),
    atLast(prometheus, select(METRICS.spoolUsage), grid),
    atLast(prometheus, select(METRICS.spoolLimit), grid),
  ]);
  const outcome = (name: string) => records.filter(({ labels }) => labels[LABELS.outcome] === name);
  const [loaded] = ranked(loads, () => "");
  return {
    ...instances,
    records: {
      emitted: totalOf(outcome("emitted")),
      coalesced: totalOf(outcome("coalesced")),
      dropped: ranked(outcome("dropped"), (labels) => labels[LABELS.dropReason] ?? ""),
    },
    folded: ranked(folded, (labels) => labels[LABELS.dimension] ?? ""),
    redactionsFailed: ranked(redactions, (labels) => labels[LABELS.redactionFailure] ?? ""),
    spool: limit.length === 0 ? undefined : { usage: sum(usage), limit: sum(limit) },
    policyLoads: (loaded?.columns ?? []).flatMap((count, column) =>
      count === 0 ? [] : [{ time: grid.ends[column] ?? grid.to, count }],
    ),
  };
}

async function instancesIn(
  prometheus: Prometheus,
  select: (metric: (typeof METRICS)[keyof typeof METRICS]) => string,
  grid: Grid,
): Promise<Pick<TelemetryHealth, "instances" | "silences">> {
  const fine = gridOf(grid, PRESENCE_COLUMNS);
  const queue = select(METRICS.queueSize);
  const range = `${grid.to - grid.from}ms`;
  const sumAtLast = async (selector: string) =>
    valuesOf(
      await prometheus.at(
        `sum by (${JOB}, ${INSTANCE}) (last_over_time(${selector}[${range}]))`,
        grid.to,
      ),
    );
  const [heard, states, peaks, lasts, events, records] = await Promise.all([
    // As a gauge of which every instance has one, it says of each whether it was heard.
    prometheus.over(`max by (${JOB}, ${INSTANCE}) (count_over_time(${queue}[${fine.step}ms]))`, {
      from: fine.ends[0] ?? grid.to,
      to: fine.to,
      step: fine.step,
    }),
    instanceStates(prometheus, select(METRICS.state), fine),
    prometheus.at(`max by (${JOB}, ${INSTANCE}) (max_over_time(${queue}[${range}]))`, grid.to),
    sumAtLast(queue),
    sumAtLast(select(METRICS.denialEvents)),
    sumAtLast(select(METRICS.records)),
  ]);
  const peakOf = valuesOf(peaks);
  const instances = heard.map((series): Instance => {
    const times = series.points.map(([time]) => time);
    const key = keyOf(series);
    const said = states.get(key);
    return {
      job: series.labels[JOB] ?? "",
      instance: series.labels[INSTANCE] ?? "",
      first: times[0] ?? grid.from,
      last: times.at(-1) ?? grid.from,
      gaps: gapsBetween(times, usualDistance(times) ?? fine.step),
      troubles: said?.troubles ?? [],
      state: said?.last ?? "",
      residual: (events.get(key) ?? 0) - (records.get(key) ?? 0) - (lasts.get(key) ?? 0),
      queue: lasts.get(key) ?? 0,
      peak: peakOf.get(key) ?? 0,
    };
  });
  const usual = Math.max(
    fine.step,
    ...heard.map(({ points }) => usualDistance(points.map(([time]) => time)) ?? 0),
  );
  const anybody = heard.flatMap(({ points }) => points.map(([time]) => time));
  const times = [grid.from, ...new Set(anybody.toSorted((a, b) => a - b)), grid.to];
  return {
    instances: instances.toSorted(
      (a, b) => a.first - b.first || (a.instance < b.instance ? -1 : 1),
    ),
    silences: union(gapsBetween(times, usual)),
  };
}

async function atLast(prometheus: Prometheus, selector: string, grid: Grid): Promise<Series[]> {
  return await prometheus.at(`last_over_time(${selector}[${grid.to - grid.from}ms])`, grid.to);
}

function sum(series: readonly Series[]): number {
  return series.reduce((sum, { points }) => sum + (points[0]?.[1] ?? 0), 0);
}

function valuesOf(series: readonly Series[]): ReadonlyMap<string, number> {
  return new Map(series.map((each) => [keyOf(each), each.points[0]?.[1] ?? 0]));
}

/** The key by which an instance is known in every answer. */
function keyOf({ labels }: Pick<Series, "labels">): string {
  return JSON.stringify([labels[JOB] ?? "", labels[INSTANCE] ?? ""]);
}
