import { prometheusLabel } from "@pyisolate/telemetry";

/** A record with all its fields, as VictoriaLogs gives it. */
export type FullRecord = Readonly<Record<string, string>>;

/** Of the resource, as examples/compose/loki.yaml has them: what a Loki knows a stream by. */
const INDEX_LABELS = ["service.name", "service.namespace", "service.instance.id"];

/**
 * What a Loki that had these records would answer to a range query, in the form that its API documents: streams of labels, the
 * records' metadata among them, and in each its lines, times in nanoseconds; the newest first, and each once, as it keeps them.
 *
 * @param form The question. Its LogQL may say what a label is, or that it is something; nothing else.
 */
export function lokiAnswer(
  records: readonly FullRecord[],
  { query = "", start = "0", end = "0", limit = "0" }: Readonly<Record<string, string>>,
): string {
  const entries = records.map((record) => {
    const { _msg: line = "", _time: time = "", _stream, _stream_id, ...fields } = record;
    const named = Object.entries(fields).map(
      ([name, value]) => [prometheusLabel({ name }), value] as const,
    );
    const level = Number(fields["severity_number"]) >= 17 ? "error" : "warn";
    const index = named.filter(([name]) =>
      INDEX_LABELS.some((label) => prometheusLabel({ name: label }) === name),
    );
    const stream = { ...Object.fromEntries([...index, ...named]), detected_level: level };
    return { stream, value: [`${Date.parse(time)}${fraction(time)}`, line] as const };
  });
  const wanted = matchersOf(query);
  const matching = entries.filter(
    ({ stream, value: [time] }) =>
      BigInt(time) >= BigInt(start) &&
      BigInt(time) < BigInt(end) &&
      wanted.every(
        ([label, value]) =>
          (stream as FullRecord)[label] === (value ?? (stream as FullRecord)[label] ?? ""),
      ),
  );
  const distinct = [...new Map(matching.map((each) => [JSON.stringify(each), each])).values()]
    .toSorted((a, b) => Number(BigInt(b.value[0]) - BigInt(a.value[0])))
    .slice(0, Number(limit));
  const streams = Map.groupBy(distinct, ({ stream }) => JSON.stringify(stream));
  const result = [...streams].map(([stream, of]) => ({
    stream: JSON.parse(stream) as unknown,
    values: of.map(({ value }) => value),
  }));
  return JSON.stringify({ status: "success", data: { resultType: "streams", result, stats: {} } });
}

/** The six digits of nanoseconds below a millisecond. */
function fraction(time: string): string {
  const [, digits = ""] = /\.(\d+)Z$/.exec(time) ?? [];
  return digits.slice(3).padEnd(6, "0");
}

/** Each label and what it must be; undefined for anything but nothing. */
function matchersOf(query: string): (readonly [label: string, value: string | undefined])[] {
  const matcher = /(\w+)(=~|=)("(?:[^"\\]|\\.)*")/g;
  const rest = query.replaceAll(matcher, "").replaceAll(/[{}|,\s]/g, "");
  if (rest !== "") throw new Error(`Not understood of ${query}: ${rest}`);
  return [...query.matchAll(matcher)].map(([, label = "", operator, text = ""]) => [
    label,
    operator === "=~" ? undefined : unquoted(text),
  ]);
}

/** What a string of Go's means, of those that selector.ts writes. */
function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, plain?: string) =>
      hex === undefined ? (plain ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
