import { METRICS, prometheusName } from "@pyisolate/telemetry";
import type { Prometheus, Series } from "../ask/prometheus.ts";
import { LABELS } from "../names.ts";
import { type Filter, metricSelector } from "../selector.ts";
import type { Grid } from "./time-columns.ts";
import { increases } from "./increases.ts";
import { type Presence, presence } from "./instance-presence.ts";
import { type Ranked, ranked, totalOf } from "./ranking.ts";

/** What the metrics say about the telemetry itself. */
export interface TelemetryHealth extends Presence {
  readonly records: {
    readonly emitted: number;
    readonly coalesced: number;
    readonly dropped: readonly Ranked[];
  };
  readonly folded: readonly Ranked[];
  readonly redactionsFailed: readonly Ranked[];
  /** Bytes in the spools of all instances together, at the last sample. */
  readonly spool: { readonly usage: number; readonly limit: number } | undefined;
  /** Unix milliseconds, rounded to a column's width. */
  readonly policyLoads: readonly { readonly time: number; readonly count: number }[];
}

export async function telemetryHealth(
  prometheus: Prometheus,
  filter: Filter,
  grid: Grid,
): Promise<TelemetryHealth> {
  const select = (metric: (typeof METRICS)[keyof typeof METRICS]): string =>
    metricSelector(prometheusName(metric), filter);
  const counted = async (metric: (typeof METRICS)[keyof typeof METRICS]) =>
    await increases(prometheus, select(metric), grid);
  const [records, folded, redactions, loads, instances, usage, limit] = await Promise.all([
    counted(METRICS.records),
    counted(METRICS.folded),
    counted(METRICS.redactions),
    counted(METRICS.policyLoads),
    presence(prometheus, select, grid),
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

async function atLast(prometheus: Prometheus, selector: string, grid: Grid): Promise<Series[]> {
  return await prometheus.at(`last_over_time(${selector}[${grid.to - grid.from}ms])`, grid.to);
}

function sum(series: readonly Series[]): number {
  return series.reduce((sum, { points }) => sum + (points[0]?.[1] ?? 0), 0);
}
