import { EVENTS } from "@pyisolate/telemetry";

import { findLogStore } from "../report/ask/find-log-store.ts";
import { RECORD_FIELDS, recordFields } from "../report/names.ts";
import type { TimeRange } from "../report/time-range.ts";
import { deniedIn, type RecordedDenial } from "./denied-in.ts";
import type { Records } from "./read-records.ts";

/** Most records that a log store is asked for: Loki refuses to give more unless it is told to. */
const MOST_RECORDS = 5000;

/** Denials from a log store. */
export interface AskedRecords extends Records {
  /** Whether there may be older records in the range. */
  readonly isCut: boolean;
}

/**
 * Asks a log store, VictoriaLogs or Loki, for the newest records of denials in a range.
 *
 * @param cell Of which cell; of all if undefined.
 * @throws SourceError if neither answers at the address, or what answers is something else.
 */
export async function askRecords(
  url: URL,
  range: TimeRange,
  { cell, signal }: { readonly cell: string | undefined; readonly signal: AbortSignal },
): Promise<AskedRecords> {
  const store = await findLogStore(
    [
      { name: "VictoriaLogs", url },
      { name: "Loki", url },
    ],
    signal,
    "Give the address of a VictoriaLogs or a Loki, or a file.",
  );
  const records = await store.newest(
    {
      event: EVENTS.denial.name,
      filter: cell === undefined ? {} : { cell },
      fields: ["id", "cell", "capability", "operation", "attemptedAction", "targets"],
    },
    { ...range, limit: MOST_RECORDS },
  );
  const denials = records.flatMap(({ fields }): RecordedDenial[] => [
    ...deniedIn(
      Object.fromEntries(
        recordFields(fields).map(([field, value]) => [RECORD_FIELDS[field], value] as const),
      ),
    ),
  ]);
  return {
    denials,
    unread: 0,
    values: records.length,
    isCut: records.length === MOST_RECORDS,
  };
}
