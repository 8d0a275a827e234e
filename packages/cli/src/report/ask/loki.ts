import { prometheusLabel } from "@pyisolate/telemetry";
import { RECORD_FIELDS, type RecordField, recordFields, REPORT_FIELDS } from "../names.ts";
import { logSelector, quoted } from "../selector.ts";
import { isRecord } from "../../json.ts";
import { askJson, type QueriedServer } from "./get-json.ts";
import { type LogRecord, type LogStore, newestFirst } from "./log-store.ts";
import { SourceError } from "./source-error.ts";

/** Makes a client of Loki, which is queried in LogQL. */
export function createLoki(url: URL, signal?: AbortSignal): LogStore {
  const asked: QueriedServer = {
    who: "Loki",
    base: url,
    ...(signal === undefined ? {} : { signal }),
  };
  return {
    name: "Loki",
    url,
    async newest({ event, filter, where = {}, fields = REPORT_FIELDS }, { from, to, limit }) {
      const stages = recordFields(where).map(
        ([field, value]) => `${prometheusLabel({ name: RECORD_FIELDS[field] })}=${quoted(value)}`,
      );
      const data = await askJson(asked, "/loki/api/v1/query_range", {
        query: [logSelector(event, filter), ...stages].join(" | "),
        // Loki takes nanoseconds. Its end is exclusive.
        start: `${Math.round(from)}000000`,
        end: `${Math.round(to) + 1}000000`,
        limit: String(limit),
        direction: "backward",
      });
      return parse(data, fields).slice(0, limit);
    },
    async present() {
      await askJson(asked, "/loki/api/v1/labels", {});
    },
  };
}

function parse(data: unknown, wanted: readonly RecordField[]): LogRecord[] {
  if (!isRecord(data) || data["resultType"] !== "streams" || !Array.isArray(data["result"]))
    throw nonsense();
  const records = data["result"].flatMap((entry: unknown) => {
    if (!isRecord(entry) || !isRecord(entry["stream"]) || !Array.isArray(entry["values"]))
      throw nonsense();
    const labels = new Map(Object.entries(entry["stream"]));
    const fields: Record<string, string> = {};
    for (const field of wanted) {
      const value = labels.get(prometheusLabel({ name: RECORD_FIELDS[field] }));
      if (value === undefined) continue;
      if (typeof value !== "string") throw nonsense();
      fields[field] = value;
    }
    return entry["values"].map((value: unknown) => {
      if (!Array.isArray(value)) throw nonsense();
      const [nanoseconds] = value as unknown[];
      if (typeof nanoseconds !== "string" || !/^\d{6,20}$/.test(nanoseconds)) throw nonsense();
      return { time: Number(nanoseconds.slice(0, -6)), fields };
    });
  });
  // Loki sorts within each stream, but not across streams.
  return records.toSorted(newestFirst);
}

function nonsense(): SourceError {
  return new SourceError("Loki's answer is not what its API promises. Is it a Loki?");
}
