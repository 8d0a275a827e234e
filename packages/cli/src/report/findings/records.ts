import { EVENTS } from "@pyisolate/telemetry";
import type { LogRecord, LogStore } from "../ask/log-store.ts";
import type { Filter } from "../selector.ts";
import type { TimeRange } from "../time-range.ts";

/** A denial's record, as far as the page tells it. Strings are what a stranger may have written. */
export interface DenialRecord {
  /** Unix milliseconds. */
  readonly time: number;
  readonly id: string;
  readonly cell: string;
  readonly capability: string;
  readonly attemptedAction: string;
  readonly rule: string;
  readonly reason: string;
  readonly broker: string;
  readonly kernel: string;
  readonly nearestRule: string | undefined;
  readonly enforced: boolean;
  /** Denials that it stands for. */
  readonly count: number;
}

/** A policy that began to decide. */
export interface PolicyLoad {
  readonly time: number;
  readonly service: string;
  readonly name: string;
  readonly hash: string;
}

/** What the log store knows. */
export interface Records {
  /** Refused by the kernel, and of each new rule and reason: the newest. Like ones are one. */
  readonly telling: readonly DenialRecord[];
  /** The newest of all, like ones as one. */
  readonly newest: readonly DenialRecord[];
  /** Of how many records {@link newest} is made. */
  readonly read: number;
  /** Whether there are older ones in the range. */
  readonly more: boolean;
  readonly policyLoads: readonly PolicyLoad[];
}

/** Records read of each kind, and pairs asked for. */
const MOST = { kernel: 20, newest: 1000, policyLoads: 40, pairs: 12 } as const;

/** @param pairs Of which a record each is wanted, however long ago it was. */
export async function records(
  store: LogStore,
  filter: Filter,
  range: TimeRange,
  pairs: readonly Pick<DenialRecord, "rule" | "reason">[],
): Promise<Records> {
  const denials = { event: EVENTS.denial.name, filter };
  // A policy is its service's, whatever the cell.
  const { cell: _, ...ofServices } = filter;
  const [kernel, newest, loads, ...ofPairs] = await Promise.all([
    store.newest({ ...denials, where: { kernel: "deny" } }, { ...range, limit: MOST.kernel }),
    store.newest(denials, { ...range, limit: MOST.newest + 1 }),
    store.newest(
      { event: EVENTS.policyLoaded.name, filter: ofServices },
      { ...range, limit: MOST.policyLoads },
    ),
    ...pairs
      .slice(0, MOST.pairs)
      .map(
        async ({ rule, reason }) =>
          await store.newest({ ...denials, where: { rule, reason } }, { ...range, limit: 1 }),
      ),
  ]);
  const refused = distinct(kernel.map(denial));
  const read = distinct(newest.slice(0, MOST.newest).map(denial));
  return {
    telling: [
      ...folded(refused),
      ...folded(
        distinct(ofPairs.flat().map(denial)).filter(
          ({ id }) => !refused.some((other) => other.id === id),
        ),
      ),
    ],
    newest: folded(read),
    read: read.length,
    more: newest.length > MOST.newest,
    policyLoads: loads.map(({ time, fields }) => ({
      time,
      service: fields.service ?? "",
      name: fields.policyName ?? "",
      hash: fields.policyHash ?? "",
    })),
  };
}

function denial({ time, fields }: LogRecord): DenialRecord {
  const count = Number(fields.count ?? "1");
  return {
    time,
    id: fields.id ?? "",
    cell: fields.cell ?? "",
    capability: fields.capability ?? "",
    attemptedAction: fields.attemptedAction ?? "",
    rule: fields.rule ?? "",
    reason: fields.reason ?? "",
    broker: fields.broker ?? "",
    kernel: fields.kernel ?? "",
    nearestRule: fields.nearestRule,
    enforced: fields.enforced !== "false",
    count: Number.isSafeInteger(count) && count > 0 ? count : 1,
  };
}

// Delivery is at least once: a record that came twice is one denial.
function distinct(records: readonly DenialRecord[]): DenialRecord[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

/** Records that differ in nothing but when they were made as one: the newest, which counts for all. */
function folded(records: readonly DenialRecord[]): DenialRecord[] {
  const alike = Map.groupBy(records, (record) =>
    JSON.stringify({ ...record, time: 0, id: "", count: 0 }),
  );
  return [...alike.values()]
    .flatMap((some) => {
      const [newest] = some.toSorted((a, b) => b.time - a.time);
      const count = some.reduce((sum, { count }) => sum + count, 0);
      return newest === undefined ? [] : [{ ...newest, count }];
    })
    .toSorted((a, b) => b.time - a.time);
}
