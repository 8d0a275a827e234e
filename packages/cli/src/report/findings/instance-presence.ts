import { METRICS } from "@pyisolate/telemetry";
import type { Prometheus, Series } from "../ask/prometheus.ts";
import { INSTANCE, JOB } from "../names.ts";
import type { TimeRange } from "../time-range.ts";
import { gapsBetween, MISSED, usualDistance } from "./gaps.ts";
import { type Grid, gridOf } from "./time-columns.ts";
import { LOOK_BACK } from "./increases.ts";
import { type InstanceState, instanceStates } from "./instance-states.ts";

/** Columns for presence, fine enough to tell the scrapes of an hour apart at the usual intervals. */
const COLUMNS = 1500;

/** One process that records denials. */
export interface Instance {
  readonly job: string;
  readonly instance: string;
  /** Unix milliseconds of the first and last sample in the range. */
  readonly first: number;
  readonly last: number;
  /** Ranges without samples, between ranges with samples. */
  readonly gaps: readonly TimeRange[];
  /** The states other than exporting that it reported. */
  readonly troubles: readonly InstanceState[];
  /** The state that it reported last. */
  readonly state: string;
  /** Denial events minus records minus events not yet settled; 0 unless an event is unaccounted for. */
  readonly residual: number;
  /** Events not yet settled: the last value, and the greatest. */
  readonly queue: number;
  readonly peak: number;
}

/** Which instances were scraped, and when none was. */
export interface Presence {
  readonly instances: readonly Instance[];
  /** Whether any instance was known in the day before the range. If not, nothing counts as missing before the first sample. */
  readonly heardBefore: boolean;
  /** Ranges in which no instance was scraped, up to the range's end too: missing samples do not show whether all instances have ended. */
  readonly silences: readonly TimeRange[];
  /** Milliseconds. Shorter silences cannot be seen. */
  readonly resolution: number;
}

/** Finds when each instance was scraped in the range. */
export async function presence(
  prometheus: Prometheus,
  select: (metric: (typeof METRICS)[keyof typeof METRICS]) => string,
  grid: Grid,
): Promise<Presence> {
  const fine = gridOf(grid, COLUMNS);
  const queue = select(METRICS.queueSize);
  const range = `${grid.to - grid.from}ms`;
  const sumAtLast = async (selector: string) =>
    valuesOf(
      await prometheus.at(
        `sum by (${JOB}, ${INSTANCE}) (last_over_time(${selector}[${range}]))`,
        grid.to,
      ),
    );
  const [heard, before, states, peaks, lasts, events, records] = await Promise.all([
    // Every instance has this gauge, so its samples show when each instance was scraped.
    prometheus.over(`max by (${JOB}, ${INSTANCE}) (count_over_time(${queue}[${fine.step}ms]))`, {
      from: fine.ends[0] ?? grid.to,
      to: fine.to,
      step: fine.step,
    }),
    prometheus.at(`count(last_over_time(${queue}[${LOOK_BACK.promql}]))`, grid.from),
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
  const heardBefore = before.length > 0;
  const scrapes = heard.flatMap(({ points }) => points.map(([time]) => time));
  const times = [...new Set(scrapes)].toSorted((a, b) => a - b);
  return {
    instances: instances.toSorted(
      (a, b) => a.first - b.first || (a.instance < b.instance ? -1 : 1),
    ),
    heardBefore,
    silences: gapsBetween([...(heardBefore ? [grid.from] : []), ...times, grid.to], usual),
    resolution: usual * MISSED,
  };
}

function valuesOf(series: readonly Series[]): ReadonlyMap<string, number> {
  return new Map(series.map((each) => [keyOf(each), each.points[0]?.[1] ?? 0]));
}

/** The key of an instance in every answer. */
function keyOf({ labels }: Pick<Series, "labels">): string {
  return JSON.stringify([labels[JOB] ?? "", labels[INSTANCE] ?? ""]);
}
