import { StackError } from "./errors.ts";
import { parseVector, type Sample } from "./prometheus-answer.ts";
import { isRecord, textsOf } from "./json.ts";

/** One record in VictoriaLogs: its fields, attributes by their own names and all of them text; empty ones are not kept. */
export interface StoredRecord {
  /** `_msg`: the record's body. */
  readonly line: string;
  /** `_time`, to the nanosecond. */
  readonly timeUnixNano: bigint;
  /** The rest, without what the store adds of its own (`_stream`, `_stream_id`). */
  readonly fields: Readonly<Record<string, string>>;
}

/** One series of a query that counts. */
export interface StoredSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix seconds and value. */
  readonly points: readonly (readonly [time: number, value: number])[];
}

/** A range of time, its end included. */
export interface StoredRange {
  readonly from: Date;
  readonly to: Date;
}

/**
 * The records that match, oldest first where the query has no `sort` of its own.
 *
 * @throws {StackError} `query-failed`, in the store's words.
 */
export async function storedRecords(
  url: string,
  logsql: string,
  range: StoredRange,
  limit: number,
): Promise<StoredRecord[]> {
  const text = await ask(url, "query", logsql, {
    ...startAndEnd(range),
    ...(limit > 0 ? { limit: String(limit) } : {}),
  });
  const records = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => recordOf(line, logsql));
  return /\|\s*sort\b/.test(logsql) ? records : records.toSorted(byTime);
}

/**
 * One number for each group of a query that ends in `stats`.
 *
 * @throws {StackError} `query-failed`, in the store's words.
 */
export async function storedSamples(
  url: string,
  logsql: string,
  range: StoredRange,
): Promise<Sample[]> {
  const { start, end } = startAndEnd(range);
  const answer = await ask(url, "stats_query", logsql, { start, end, time: end });
  return parseVector(logsql, jsonOf(answer, logsql), WHO);
}

/**
 * The same over the range, in steps.
 *
 * @param step Seconds.
 * @throws {StackError} `query-failed`, in the store's words.
 */
export async function storedSeries(
  url: string,
  logsql: string,
  range: StoredRange,
  step: number,
): Promise<StoredSeries[]> {
  const answer = jsonOf(
    await ask(url, "stats_query_range", logsql, { ...startAndEnd(range), step: `${step}s` }),
    logsql,
  );
  const data = isRecord(answer) ? answer["data"] : undefined;
  if (!isRecord(data) || !Array.isArray(data["result"])) throw malformed(logsql);
  return data["result"].filter(isRecord).map((series) => seriesOf(series, logsql));
}

const WHO = "VictoriaLogs";

async function ask(
  url: string,
  path: string,
  logsql: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const [response, text] = await post(`${url}/select/logsql/${path}`, {
    query: logsql,
    ...parameters,
  }).catch((cause: unknown) => {
    const message = `${WHO} does not answer ${logsql}: ${String(cause)}`;
    throw new StackError("query-failed", message, "", { cause });
  });
  // An error comes as plain text.
  if (!response.ok)
    throw new StackError("query-failed", `${WHO} refuses ${logsql}: ${text.trim()}`);
  return text;
}

async function post(url: string, parameters: Record<string, string>): Promise<[Response, string]> {
  const response = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(parameters),
    signal: AbortSignal.timeout(30_000),
  });
  return [response, await response.text()];
}

// Nanoseconds, since it takes a number for seconds, milliseconds or these by its size.
function startAndEnd({ from, to }: StoredRange): { start: string; end: string } {
  return { start: `${from.getTime()}000000`, end: `${to.getTime()}999999` };
}

function recordOf(line: string, logsql: string): StoredRecord {
  const record = jsonOf(line, logsql);
  if (!isRecord(record)) throw malformed(logsql);
  const { _msg: body, _time: time, _stream, _stream_id, ...fields } = textsOf(record);
  return { line: body ?? "", timeUnixNano: time === undefined ? 0n : nanosOf(time), fields };
}

/** Of RFC 3339 with up to nine digits after the point, of which Date would keep three. */
function nanosOf(time: string): bigint {
  const [, whole = "", fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0") || 0);
}

function seriesOf(series: Record<string, unknown>, logsql: string): StoredSeries {
  const { metric, values } = series;
  if (!Array.isArray(values)) throw malformed(logsql);
  const points = values.map((pair: unknown) => {
    if (!Array.isArray(pair)) throw malformed(logsql);
    const [time, value] = pair as unknown[];
    return [Number(time), Number(value)] as const;
  });
  return { labels: textsOf(metric), points };
}

function byTime(one: StoredRecord, other: StoredRecord): number {
  if (one.timeUnixNano === other.timeUnixNano) return 0;
  return one.timeUnixNano < other.timeUnixNano ? -1 : 1;
}

function jsonOf(text: string, logsql: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw malformed(logsql);
  }
}

function malformed(logsql: string): StackError {
  return new StackError(
    "query-failed",
    `${WHO}' answer to ${logsql} is not what its API promises.`,
  );
}
