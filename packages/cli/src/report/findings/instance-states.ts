import type { Prometheus } from "../ask/prometheus.ts";
import { INSTANCE, JOB, LABELS } from "../names.ts";
import type { TimeRange } from "../time-range.ts";
import type { Grid } from "./time-columns.ts";

/** The state of an instance that exports as it should, and is not listed as a trouble. */
const WELL = "exporting";

/** A state that an instance reported, and for how long. */
export interface InstanceState extends TimeRange {
  readonly state: string;
}

/** The states that one instance reported. */
interface Account {
  readonly last: string;
  readonly troubles: readonly InstanceState[];
}

/** The states that each instance reported whenever it was scraped, by job and instance as JSON. */
export async function instanceStates(
  prometheus: Prometheus,
  selector: string,
  fine: Grid,
): Promise<ReadonlyMap<string, Account>> {
  const series = await prometheus.over(
    `max by (${JOB}, ${INSTANCE}, ${LABELS.state}) (last_over_time(${selector}[${fine.step}ms])) == 1`,
    { from: fine.ends[0] ?? fine.to, to: fine.to, step: fine.step },
  );
  const said = new Map<string, { time: number; state: string }[]>();
  for (const { labels, points } of series) {
    const key = JSON.stringify([labels[JOB] ?? "", labels[INSTANCE] ?? ""]);
    const all = said.get(key) ?? [];
    all.push(...points.map(([time]) => ({ time, state: labels[LABELS.state] ?? "" })));
    said.set(key, all);
  }
  return new Map([...said].map(([key, all]) => [key, account(all, fine)]));
}

function account(said: readonly { time: number; state: string }[], fine: Grid): Account {
  const ordered = said.toSorted((a, b) => a.time - b.time);
  const spells: InstanceState[] = [];
  for (const { time, state } of ordered) {
    const last = spells.at(-1);
    if (last?.state === state) spells[spells.length - 1] = { ...last, to: time };
    else {
      // A state lasts until the instance reports another.
      if (last !== undefined) spells[spells.length - 1] = { ...last, to: time };
      spells.push({ state, from: last === undefined ? time - fine.step : time, to: time });
    }
  }
  return {
    last: ordered.at(-1)?.state ?? "",
    troubles: spells.filter(({ state }) => state !== WELL),
  };
}
