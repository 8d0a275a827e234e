import { hash } from "node:crypto";

import { ATTRIBUTES } from "../semconv.ts";

/** A value as OTLP's JSON writes it: one of these, or none. Integers are numbers or, as protobuf's JSON has them, text. */
export interface OtlpValue {
  readonly stringValue?: unknown;
  readonly boolValue?: unknown;
  readonly intValue?: unknown;
  readonly doubleValue?: unknown;
  readonly bytesValue?: unknown;
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] };
  readonly kvlistValue?: { readonly values?: readonly OtlpAttribute[] };
}

export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

/** A log record as OTLP's JSON writes it, by an SDK or by a Collector's file exporter. What is missing has its default. */
export interface OtlpRecord {
  readonly timeUnixNano?: unknown;
  readonly observedTimeUnixNano?: unknown;
  readonly severityNumber?: unknown;
  readonly severityText?: unknown;
  readonly eventName?: unknown;
  readonly body?: OtlpValue;
  readonly attributes?: readonly OtlpAttribute[];
  readonly droppedAttributesCount?: unknown;
  readonly flags?: unknown;
  readonly traceId?: unknown;
  readonly spanId?: unknown;
}

/** Where otel-collector.yaml puts the event's name for log stores. It says no more than the name itself. */
const EVENT_NAME_COPY = "event_name";

/** Begins every canonical text. Another number would be another form. */
const FORM = "record 1";

/**
 * All of a record except its own hash, as one text. It is the same for both JSON forms of the record and for any order of its
 * attributes. The SHA-256 of this text, in UTF-8, is the record's hash.
 *
 * A JSON list without spaces: the form, event name, time and observed time in nanoseconds, severity number and text, body,
 * attributes sorted by name, dropped attributes, flags, trace and span id. A value is a list of its kind and itself; integers are
 * text.
 *
 * @throws TypeError if it is not a log record.
 */
export function canonicalText(record: OtlpRecord): string {
  const { eventName = "", attributes = [] } = record;
  const said = attributes.filter(
    ({ key, value }) =>
      key !== ATTRIBUTES.integrityHash.name &&
      !(key === EVENT_NAME_COPY && value.stringValue === eventName),
  );
  return JSON.stringify([
    FORM,
    text(eventName),
    integer(record.timeUnixNano),
    integer(record.observedTimeUnixNano),
    integer(record.severityNumber),
    text(record.severityText),
    canonicalValue(record.body),
    said.map(canonicalPair).toSorted(byKey),
    integer(record.droppedAttributesCount),
    integer(record.flags),
    text(record.traceId).toLowerCase(),
    text(record.spanId).toLowerCase(),
  ]);
}

/** SHA-256 of a record's canonical text, hexadecimal. */
export function recordHash(record: OtlpRecord): string {
  return hash("sha256", canonicalText(record), "hex");
}

function canonicalPair({ key, value }: OtlpAttribute): readonly [key: string, value: unknown] {
  return [text(key), canonicalValue(value)];
}

// By code unit, like every sort of text that names no language.
function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function canonicalValue(value: OtlpValue = {}): unknown {
  if (value.stringValue !== undefined) return ["string", text(value.stringValue)];
  if (value.boolValue !== undefined) return ["bool", value.boolValue === true];
  if (value.intValue !== undefined) return ["int", integer(value.intValue)];
  if (value.doubleValue !== undefined) return ["double", String(Number(value.doubleValue))];
  if (value.bytesValue !== undefined) return ["bytes", text(value.bytesValue)];
  const { arrayValue, kvlistValue } = value;
  if (arrayValue !== undefined) {
    return ["list", (arrayValue.values ?? []).map((each) => canonicalValue(each))];
  }
  if (kvlistValue !== undefined) {
    return ["map", (kvlistValue.values ?? []).map(canonicalPair).toSorted(byKey)];
  }
  return null;
}

/** Half of a surrogate pair does not survive UTF-8, in which records travel. */
function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new TypeError("not a text");
  return value.toWellFormed();
}

function integer(value: unknown): string {
  if (value === undefined || value === null) return "0";
  if (typeof value !== "string" && typeof value !== "number") throw new TypeError("not a number");
  return BigInt(value).toString();
}
