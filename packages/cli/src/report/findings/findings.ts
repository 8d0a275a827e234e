import type { LogStore, LogStoreName } from "../ask/log-store.ts";
import type { Prometheus } from "../ask/prometheus.ts";
import { SourceError } from "../ask/source-error.ts";
import type { Filter } from "../selector.ts";
import type { TimeRange } from "../time-range.ts";
import { type Grid, gridOf } from "./time-columns.ts";
import { type Records, records } from "./records.ts";
import { type Refusals, refusals } from "./refusals.ts";
import { type TelemetryHealth, telemetryHealth } from "./telemetry-health.ts";

/** Columns of the plots. */
const COLUMNS = 96;

/** The outcome of the queries to one source. */
export type Answer<T> =
  | { readonly ok: true; readonly url: URL; readonly value: T }
  /** The source failed. It has no URL if it was not found. */
  | { readonly ok: false; readonly url: URL | undefined; readonly problem: string }
  /** The source was not to be asked. */
  | { readonly ok: false; readonly url?: undefined; readonly problem?: undefined };

/** Everything that the page shows. */
export interface Findings {
  readonly range: TimeRange;
  readonly grid: Grid;
  readonly filter: Filter;
  /** Unix milliseconds. */
  readonly madeAt: number;
  readonly metrics: Answer<{ readonly refusals: Refusals; readonly health: TelemetryHealth }>;
  readonly records: Answer<Records>;
  /** The store that has the records; undefined if none was found, or none was asked. */
  readonly logStore: LogStoreName | undefined;
}

export interface Sources {
  readonly prometheus: Prometheus | undefined;
  /** The store of records, or why there is none. */
  readonly logs: LogStore | SourceError | undefined;
}

/** Queries both sources. A source that fails becomes a finding; any other error is thrown. */
export async function find(
  { prometheus, logs }: Sources,
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
  const common = { range, grid, filter, madeAt: now, metrics };
  if (logs instanceof SourceError) {
    const { message: problem } = logs;
    return { ...common, records: { ok: false, url: undefined, problem }, logStore: undefined };
  }
  return {
    ...common,
    records: await answer(logs, async (store) => await records(store, filter, range, pairs)),
    logStore: logs?.name,
  };
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
