import { EVENTS } from "@pyisolate/telemetry";
import type { LogRecord, LogStore } from "../ask/log-store.ts";
import type { Filter } from "../selector.ts";
import type { TimeRange } from "../time-range.ts";

/** The fields of a denial's record that the page shows. A guest may have written any of the strings. */
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
  /** Why the rule is there, and whom to ask about it, as its policy says. */
  readonly description: string | undefined;
  readonly owner: string | undefined;
  readonly enforced: boolean;
  /** The number of denials that the record stands for. */
  readonly count: number;
}

/** A policy that came into force. */
export interface PolicyLoad {
  readonly time: number;
  readonly service: string;
  readonly name: string;
  readonly hash: string;
}

/** What the log store's records show. */
export interface Records {
  /** The newest records of kernel refusals, and of each new pair of rule and reason; equal ones are merged. */
  readonly telling: readonly DenialRecord[];
  /** The newest of all records; equal ones are merged. */
  readonly newest: readonly DenialRecord[];
  /** The number of records that {@link newest} was made from. */
  readonly read: number;
  /** Whether the range has older records. */
  readonly more: boolean;
  readonly policyLoads: readonly PolicyLoad[];
}

/** Most records that are read of each kind, and most pairs that are asked for. */
const MOST = { kernel: 20, newest: 1000, policyLoads: 40, pairs: 12 } as const;

/** @param pairs For each, the newest record in the range is looked up, however old it is. */
export async function records(
  store: LogStore,
  filter: Filter,
  range: TimeRange,
  pairs: readonly Pick<DenialRecord, "rule" | "reason">[],
): Promise<Records> {
  const denials = { event: EVENTS.denial.name, filter };
  // A policy belongs to a service, so the filter by cell does not apply to policy loads.
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
    description: fields.description,
    owner: fields.owner,
    enforced: fields.enforced !== "false",
    count: Number.isSafeInteger(count) && count > 0 ? count : 1,
  };
}

// Delivery is at least once, so records with the same id are one denial.
function distinct(records: readonly DenialRecord[]): DenialRecord[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

/** Merges records that differ only in their time: keeps the newest, which then counts for all. */
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
