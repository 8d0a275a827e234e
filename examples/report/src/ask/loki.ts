import { askJson, type Asked, isRecord } from "./get-json.ts";
import { SourceError } from "./source-error.ts";

/** A log record: what Loki keeps of it. */
export interface LokiRecord {
  /** Unix milliseconds. */
  readonly time: number;
  /** Stream labels and structured metadata, names as Loki writes them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What is asked of Loki. Times are Unix milliseconds. */
export interface Loki {
  readonly url: URL;
  /** The newest records first, `limit` at most. */
  newest(
    logql: string,
    range: Readonly<Record<"from" | "to" | "limit", number>>,
  ): Promise<LokiRecord[]>;
}

export function createLoki(url: URL, signal?: AbortSignal): Loki {
  const asked: Asked = { who: "Loki", base: url, ...(signal === undefined ? {} : { signal }) };
  return {
    url,
    async newest(query, { from, to, limit }) {
      const data = await askJson(asked, "/loki/api/v1/query_range", {
        query,
        // Loki's own unit. Its end is exclusive.
        start: `${Math.round(from)}000000`,
        end: `${Math.round(to) + 1}000000`,
        limit: String(limit),
        direction: "backward",
      });
      return parse(data).slice(0, limit);
    },
  };
}

function parse(data: unknown): LokiRecord[] {
  if (!isRecord(data) || data["resultType"] !== "streams" || !Array.isArray(data["result"]))
    throw nonsense();
  const records = data["result"].flatMap((entry: unknown) => {
    if (!isRecord(entry) || !isRecord(entry["stream"]) || !Array.isArray(entry["values"]))
      throw nonsense();
    const labels = Object.fromEntries(
      Object.entries(entry["stream"]).map(([name, value]) => [name, String(value)] as const),
    );
    return entry["values"].map((value: unknown) => {
      if (!Array.isArray(value)) throw nonsense();
      const [nanoseconds] = value as unknown[];
      if (typeof nanoseconds !== "string" || !/^\d{6,20}$/.test(nanoseconds)) throw nonsense();
      return { time: Number(nanoseconds.slice(0, -6)), labels };
    });
  });
  // Each stream is in order; the streams among each other are not.
  return records.toSorted((a, b) => b.time - a.time);
}

function nonsense(): SourceError {
  return new SourceError("Loki's answer is not what its API promises. Is it a Loki?");
}
