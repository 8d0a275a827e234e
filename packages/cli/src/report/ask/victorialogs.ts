import { RECORD_FIELDS, recordFields, REPORT_FIELDS } from "../names.ts";
import { logsqlFilter, quoted } from "../selector.ts";
import { isRecord, parsed } from "../../json.ts";
import { askJson, askText, type QueriedServer, firstLine } from "./get-json.ts";
import { type LogRecord, type LogStore, newestFirst } from "./log-store.ts";
import { SourceError } from "./source-error.ts";

const WHO = "VictoriaLogs";

/** VictoriaLogs keeps a record as often as it was sent, so the query asks for this many times the records. */
const SENT_AGAIN = 2;

/** Makes a client of VictoriaLogs, which is queried in LogsQL. */
export function createVictoriaLogs(url: URL, signal?: AbortSignal): LogStore {
  const asked: QueriedServer = { who: WHO, base: url, ...(signal === undefined ? {} : { signal }) };
  return {
    name: WHO,
    url,
    async newest({ event, filter, where = {}, fields = REPORT_FIELDS }, { from, to, limit }) {
      const filters = recordFields(where).map(
        ([field, value]) => `${RECORD_FIELDS[field]}:=${quoted(value)}`,
      );
      const { status, text } = await askText(asked, "/select/logsql/query", {
        query: [
          [logsqlFilter(event, filter), ...filters].join(" "),
          `sort by (_time desc) limit ${SENT_AGAIN * limit}`,
          `fields ${["_time", ...fields.map((field) => RECORD_FIELDS[field])].join(", ")}`,
        ].join(" | "),
        // Send nanoseconds: VictoriaLogs guesses the unit by the size of the number. Its end is inclusive.
        start: `${Math.round(from)}000000`,
        end: `${Math.round(to)}999999`,
      });
      // A refusal is plain text. An answer has one line of JSON for each record, and is empty if there are none.
      if (status !== 200) {
        throw new SourceError(
          `What answers at ${url.origin} is not ${WHO}, or rejects a query: HTTP ${status}: ${firstLine(text)}.`,
        );
      }
      return parse(text).slice(0, limit);
    },
    async present() {
      // Query the last second. No other server answers at this path in this form.
      await askJson(asked, "/select/logsql/stats_query", {
        query: "_time:1s | stats count() as n",
      });
    },
  };
}

function parse(text: string): LogRecord[] {
  const lines = new Set(text.split("\n").filter((line) => line.trim() !== ""));
  const records = [...lines].map((line) => {
    const record = parsed(line);
    if (!isRecord(record) || typeof record["_time"] !== "string") throw nonsense();
    const time = Date.parse(record["_time"]);
    if (Number.isNaN(time)) throw nonsense();
    const fields: Record<string, string> = {};
    for (const [field, name] of Object.entries(RECORD_FIELDS)) {
      const value = record[name];
      if (value === undefined || value === "") continue;
      if (typeof value !== "string") throw nonsense();
      fields[field] = value;
    }
    return { time, fields };
  });
  return records.toSorted(newestFirst);
}

function nonsense(): SourceError {
  return new SourceError(`${WHO}' answer is not what its API promises. Is it a ${WHO}?`);
}
