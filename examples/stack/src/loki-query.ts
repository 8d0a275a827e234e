import { StackError } from "./errors.ts";
import { parseVector, type Sample } from "./prometheus-answer.ts";
import { isRecord, textsOf } from "./json.ts";

/** One record in Loki. */
export interface LokiRecord {
  /** Its line: the record's body. */
  readonly line: string;
  readonly timeUnixNano: bigint;
  /** The index labels of its stream. */
  readonly labels: Readonly<Record<string, string>>;
  /** The rest: attributes, ids and severity, with `_` for `.`; empty ones are not kept. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One series of a query that counts. */
export interface LokiSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix seconds and value. */
  readonly points: readonly (readonly [time: number, value: number])[];
}

/** What a range query gives: records where it selects, series where it counts, and nothing of the other. */
export interface LokiRange {
  /** Oldest first. */
  readonly records: readonly LokiRecord[];
  readonly series: readonly LokiSeries[];
}

export interface LokiRangeOptions {
  /** Records at most, the oldest ones. 5000 unless given, which is Loki's own limit. */
  readonly limit?: number;
  /** Seconds between two points of a series. Loki's choice unless given. */
  readonly step?: number;
}

/** @throws {StackError} `query-failed`. */
export async function lokiInstant(url: string, logql: string, at?: Date): Promise<Sample[]> {
  const time: Record<string, string> = at === undefined ? {} : { time: nanos(at) };
  return parseVector(
    logql,
    await ask(`${url}/loki/api/v1/query`, { query: logql, ...time }),
    "Loki",
  );
}

/** @throws {StackError} `query-failed`. */
export async function lokiRange(
  url: string,
  logql: string,
  from: Date,
  to: Date,
  { limit = 5000, step }: LokiRangeOptions = {},
): Promise<LokiRange> {
  const answer = await ask(`${url}/loki/api/v1/query_range`, {
    query: logql,
    start: nanos(from),
    end: nanos(to),
    limit: String(limit),
    direction: "forward",
    ...(step === undefined ? {} : { step: String(step) }),
  });
  const data = isRecord(answer) ? answer["data"] : undefined;
  if (!isRecord(data) || !Array.isArray(data["result"])) throw malformed(logql);
  const result = data["result"].filter(isRecord);
  if (data["resultType"] === "streams") {
    const records = result.flatMap((stream) => recordsOf(stream, logql));
    return { records: records.toSorted(byTime), series: [] };
  }
  return { records: [], series: result.map((series) => seriesOf(series, logql)) };
}

async function ask(url: string, parameters: Record<string, string>): Promise<unknown> {
  const [response, text] = await post(url, parameters).catch((cause: unknown) => {
    const message = `Loki does not answer ${parameters["query"]}: ${String(cause)}`;
    throw new StackError("query-failed", message, "", { cause });
  });
  // An error comes as plain text.
  if (!response.ok)
    throw new StackError("query-failed", `Loki refuses ${parameters["query"]}: ${text.trim()}`);
  return JSON.parse(text) as unknown;
}

async function post(url: string, parameters: Record<string, string>): Promise<[Response, string]> {
  const response = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(parameters),
    // Otherwise what a stream is known by and what its records say come as one.
    headers: { "X-Loki-Response-Encoding-Flags": "categorize-labels" },
    signal: AbortSignal.timeout(30_000),
  });
  return [response, await response.text()];
}

function recordsOf(stream: Record<string, unknown>, logql: string): LokiRecord[] {
  const { stream: labels, values } = stream;
  if (!Array.isArray(values)) throw malformed(logql);
  return values.map((value: unknown) => {
    if (!Array.isArray(value)) throw malformed(logql);
    const [time, line, more] = value as unknown[];
    if (typeof time !== "string" || typeof line !== "string") throw malformed(logql);
    // What a query's own parser took out of the line stands beside what the record brought.
    const { structuredMetadata, parsed } = isRecord(more) ? more : {};
    return {
      line,
      timeUnixNano: BigInt(time),
      labels: textsOf(labels),
      metadata: { ...textsOf(structuredMetadata), ...textsOf(parsed) },
    };
  });
}

function seriesOf(series: Record<string, unknown>, logql: string): LokiSeries {
  const { metric, values } = series;
  if (!Array.isArray(values)) throw malformed(logql);
  const points = values.map((pair: unknown) => {
    if (!Array.isArray(pair)) throw malformed(logql);
    const [time, value] = pair as unknown[];
    return [Number(time), Number(value)] as const;
  });
  return { labels: textsOf(metric), points };
}

function byTime(one: LokiRecord, other: LokiRecord): number {
  if (one.timeUnixNano === other.timeUnixNano) return 0;
  return one.timeUnixNano < other.timeUnixNano ? -1 : 1;
}

function nanos(time: Date): string {
  return `${time.getTime()}000000`;
}

function malformed(logql: string): StackError {
  return new StackError("query-failed", `Loki's answer to ${logql} is not what its API promises.`);
}
