import { isRecord } from "../../json.ts";
import { askJson, type QueriedServer } from "./get-json.ts";
import { SourceError } from "./source-error.ts";

/** A sample: Unix milliseconds and the value. */
export type Point = readonly [time: number, value: number];

/** A series and its samples, oldest first. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

/** A Prometheus server, and the queries that the report makes. Times are Unix milliseconds. */
export interface Prometheus {
  readonly url: URL;
  /** Values at one moment; each series has one point. */
  at(promql: string, time: number): Promise<Series[]>;
  /** Values at `from`, `from + step` and so on until `to`. */
  over(promql: string, range: Readonly<Record<"from" | "to" | "step", number>>): Promise<Series[]>;
}

export function createPrometheus(url: URL, signal?: AbortSignal): Prometheus {
  const asked: QueriedServer = {
    who: "Prometheus",
    base: url,
    ...(signal === undefined ? {} : { signal }),
  };
  return {
    url,
    async at(query, time) {
      const data = await askJson(asked, "/api/v1/query", { query, time: seconds(time) });
      return parse(data, "vector", (series) => [series["value"]]);
    },
    async over(query, { from, to, step }) {
      const data = await askJson(asked, "/api/v1/query_range", {
        query,
        start: seconds(from),
        end: seconds(to),
        step: seconds(step),
      });
      return parse(data, "matrix", (series) => series["values"]);
    },
  };
}

function parse(
  data: unknown,
  type: string,
  samples: (series: Record<string, unknown>) => unknown,
): Series[] {
  if (!isRecord(data) || data["resultType"] !== type || !Array.isArray(data["result"]))
    throw nonsense();
  return data["result"].map((series: unknown) => {
    if (!isRecord(series) || !isRecord(series["metric"])) throw nonsense();
    const pairs = samples(series);
    if (!Array.isArray(pairs)) throw nonsense();
    const labels = Object.entries(series["metric"]).map(
      ([name, value]) => [name, String(value)] as const,
    );
    return { labels: Object.fromEntries(labels), points: pairs.map(point) };
  });
}

function point(pair: unknown): Point {
  if (!Array.isArray(pair)) throw nonsense();
  const [time, value] = pair as unknown[];
  if (typeof time !== "number" || typeof value !== "string") throw nonsense();
  const number = Number(value);
  // Prometheus may send "+Inf" and "NaN", but our counters are always finite.
  if (!Number.isFinite(number)) throw nonsense();
  return [Math.round(time * 1000), number];
}

function nonsense(): SourceError {
  return new SourceError("Prometheus' answer is not what its API promises. Is it a Prometheus?");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
