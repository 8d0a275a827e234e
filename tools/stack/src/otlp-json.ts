import { isRecord } from "./json.ts";

/** An attribute's value, without OTLP's wrapping. 64-bit integers that a number cannot hold are bigints. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A log record as the Collector had it. */
export interface CollectedLog {
  /** Empty where it has none. */
  readonly eventName: string;
  readonly attributes: Attributes;
  readonly body: AttributeValue;
  readonly severityNumber: number;
  readonly severityText: string;
  /** Unix time in nanoseconds; 0 where unknown. */
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** Hexadecimal; empty where the record belongs to no trace. */
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

/**
 * The records of an OTLP JSON export request for logs; undefined if it is not one.
 *
 * @see The mapping of Protobuf to JSON in the OTLP specification: 64-bit integers are strings, zero values are absent.
 */
export function parseLogsRequest(request: unknown): CollectedLog[] | undefined {
  if (!isRecord(request) || !Array.isArray(request["resourceLogs"])) return undefined;
  return records(request["resourceLogs"]).flatMap((resourceLogs) => {
    const resource = attributesOf(record(resourceLogs["resource"])["attributes"]);
    return records(resourceLogs["scopeLogs"]).flatMap((scopeLogs) => {
      const scope = record(scopeLogs["scope"]);
      const origin = {
        resource,
        scope: { name: text(scope["name"]), version: text(scope["version"]) },
      };
      return records(scopeLogs["logRecords"]).map((log) => ({
        eventName: text(log["eventName"]),
        attributes: attributesOf(log["attributes"]),
        body: valueOf(log["body"]),
        severityNumber: Number(log["severityNumber"] ?? 0),
        severityText: text(log["severityText"]),
        timeUnixNano: integer(log["timeUnixNano"]),
        observedTimeUnixNano: integer(log["observedTimeUnixNano"]),
        traceId: text(log["traceId"]),
        spanId: text(log["spanId"]),
        flags: Number(log["flags"] ?? 0),
        ...origin,
      }));
    });
  });
}

function attributesOf(list: unknown): Attributes {
  // Not by assignment: a key called __proto__ is a key.
  return Object.fromEntries(records(list).map(({ key, value }) => [text(key), valueOf(value)]));
}

function valueOf(value: unknown): AttributeValue {
  if (!isRecord(value)) return null;
  if (typeof value["stringValue"] === "string") return value["stringValue"];
  if (typeof value["boolValue"] === "boolean") return value["boolValue"];
  if (value["intValue"] !== undefined) return small(integer(value["intValue"]));
  if (value["doubleValue"] !== undefined) return Number(value["doubleValue"]);
  if (typeof value["bytesValue"] === "string") return value["bytesValue"];
  if (isRecord(value["arrayValue"])) return records(value["arrayValue"]["values"]).map(valueOf);
  if (isRecord(value["kvlistValue"])) return attributesOf(value["kvlistValue"]["values"]);
  return null;
}

function small(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function integer(value: unknown): bigint {
  return typeof value === "string" || typeof value === "number" ? BigInt(value) : 0n;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
