import { StackError } from "./errors.ts";
import { isRecord, textsOf } from "./json.ts";

/** One series' value. */
export interface Sample {
  /** `__name__` too, where the expression keeps it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix time in seconds. */
  readonly time: number;
}

/**
 * The samples in an answer of Prometheus' `/api/v1/query`, or of VictoriaLogs' `stats_query`, which speaks alike.
 *
 * @throws {StackError} `query-failed`, where it is an error or neither vector nor scalar.
 */
export function parseVector(promql: string, answer: unknown, who = "Prometheus"): Sample[] {
  if (!isRecord(answer) || answer["status"] !== "success" || !isRecord(answer["data"])) {
    const reason = isRecord(answer) ? String(answer["error"] ?? answer["status"]) : "no answer";
    throw new StackError("query-failed", `${who} refuses ${promql}: ${reason}`);
  }
  const { resultType, result } = answer["data"];
  if (resultType === "scalar") return [sample({}, result, promql)];
  if (resultType !== "vector" || !Array.isArray(result)) {
    throw new StackError(
      "query-failed",
      `${promql} gives a ${String(resultType)}, not a vector: ask for an instant.`,
    );
  }
  return result.map((series: unknown) => {
    if (!isRecord(series) || !isRecord(series["metric"])) throw malformed(promql);
    return sample(textsOf(series["metric"]), series["value"], promql);
  });
}

function sample(labels: Record<string, string>, pair: unknown, promql: string): Sample {
  if (!Array.isArray(pair)) throw malformed(promql);
  const [time, value] = pair as unknown[];
  if (typeof time !== "number" || typeof value !== "string") throw malformed(promql);
  return { labels, value: numberOf(value), time };
}

// Prometheus spells infinity as Go does.
function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

function malformed(promql: string): StackError {
  return new StackError("query-failed", `The answer to ${promql} is not what the API promises.`);
}
