import type { Loki } from "../ask/loki.ts";
import type { Prometheus } from "../ask/prometheus.ts";
import { SourceError } from "../ask/source-error.ts";
import type { Filter } from "../selector.ts";
import type { TimeRange } from "../time-range.ts";
import { type Grid, gridOf } from "./grid.ts";
import { type Records, records } from "./records.ts";
import { type Refusals, refusals } from "./refusals.ts";
import { type TelemetryHealth, telemetryHealth } from "./telemetry-health.ts";

/** Columns of the plots. */
const COLUMNS = 96;

/** What was asked, and what came of it. */
export type Answer<T> =
  | { readonly ok: true; readonly url: URL; readonly value: T }
  | { readonly ok: false; readonly url: URL; readonly problem: string }
  /** It was not to be asked. */
  | { readonly ok: false; readonly url?: undefined; readonly problem?: undefined };

/** Everything that the page tells. */
export interface Findings {
  readonly range: TimeRange;
  readonly grid: Grid;
  readonly filter: Filter;
  /** Unix milliseconds. */
  readonly madeAt: number;
  readonly metrics: Answer<{ readonly refusals: Refusals; readonly health: TelemetryHealth }>;
  readonly records: Answer<Records>;
}

export interface Sources {
  readonly prometheus: Prometheus | undefined;
  readonly loki: Loki | undefined;
}

/** Asks both. A source that fails is a finding; anything else is thrown. */
export async function find(
  { prometheus, loki }: Sources,
  {
    range,
    filter,
    now,
  }: { readonly range: TimeRange; readonly filter: Filter; readonly now: number },
): Promise<Findings> {
  const grid = gridOf(range, COLUMNS);
  const metrics = await answer(prometheus, async (source) => ({
    refusals: await refusals(source, filter, grid),
    health: await telemetryHealth(source, filter, grid),
  }));
  const pairs = metrics.ok ? metrics.value.refusals.newPairs : [];
  const logs = await answer(loki, async (source) => await records(source, filter, range, pairs));
  return { range, grid, filter, madeAt: now, metrics, records: logs };
}

async function answer<S extends { readonly url: URL }, T>(
  source: S | undefined,
  ask: (source: S) => Promise<T>,
): Promise<Answer<T>> {
  if (source === undefined) return { ok: false };
  const { url } = source;
  try {
    return { ok: true, url, value: await ask(source) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { ok: false, url, problem: error.message };
  }
}
