import { ATTRIBUTES, EVENTS } from "@pyisolate/telemetry";

import { asRecord, type Fields } from "./json.ts";

/** What a record of a denial says of what was asked for. A guest may have written any of it. */
export interface RecordedDenial {
  /** The denial's id; undefined if the record has none. */
  readonly id: string | undefined;
  readonly cell: string;
  readonly capability: string;
  readonly operation: string;
  readonly target: string;
}

/**
 * The denials in one value of JSON: a request in OTLP (a line of the Collector's file), a record as VictoriaLogs returns it, an
 * event as `JSON.stringify(event)` writes it, or a list of these. A record that stands for several denials gives one for each
 * target that it names. Anything else holds none.
 */
export function* deniedIn(value: unknown): Iterable<RecordedDenial> {
  if (Array.isArray(value)) {
    for (const each of value) yield* deniedIn(each);
    return;
  }
  const record = asRecord(value);
  if (record === undefined) return;
  if (Array.isArray(record["resourceLogs"])) yield* fromOtlp(record["resourceLogs"]);
  else if (typeof record["attempted_action"] === "string") yield* fromEvent(record);
  else yield* fromAttributes(record);
}

function* fromOtlp(resourceLogs: readonly unknown[]): Iterable<RecordedDenial> {
  for (const resource of resourceLogs) {
    for (const scope of listIn(resource, "scopeLogs")) {
      for (const written of listIn(scope, "logRecords")) {
        const record = asRecord(written);
        if (record?.["eventName"] !== EVENTS.denial.name) continue;
        const attributes = listIn(record, "attributes").map((each) => {
          const { key, value } = asRecord(each) ?? {};
          return [String(key), plainOf(value)] as const;
        });
        yield* fromAttributes(Object.fromEntries(attributes));
      }
    }
  }
}

function* fromAttributes(fields: Fields): Iterable<RecordedDenial> {
  const text = (name: string): string | undefined =>
    typeof fields[name] === "string" ? fields[name] : undefined;
  const capability = text(ATTRIBUTES.capability.name);
  const operation = text(ATTRIBUTES.operation.name);
  const action = text(ATTRIBUTES.attemptedAction.name);
  if (capability === undefined || operation === undefined || action === undefined) return;
  const others = othersIn(fields[ATTRIBUTES.denialTargets.name]);
  for (const target of [action.slice(operation.length + 1), ...others]) {
    yield {
      id: text(ATTRIBUTES.denialId.name),
      cell: text(ATTRIBUTES.cell.name) ?? "",
      capability,
      operation,
      target,
    };
  }
}

/** The other targets of a burst: a list, which log stores keep as its JSON. */
function othersIn(value: unknown): readonly string[] {
  if (typeof value === "string" && value.startsWith("[")) {
    try {
      return othersIn(JSON.parse(value));
    } catch {
      return [];
    }
  }
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function* fromEvent(event: Fields): Iterable<RecordedDenial> {
  const { id, cell, capability, operation, target } = event;
  if ([cell, capability, operation, target].some((each) => typeof each !== "string")) return;
  yield {
    id: typeof id === "string" ? id : undefined,
    cell: String(cell),
    capability: String(capability),
    operation: String(operation),
    target: String(target),
  };
}

/** A value in OTLP's JSON: a text, or a list of texts. */
function plainOf(value: unknown): unknown {
  const { stringValue, arrayValue } = asRecord(value) ?? {};
  return arrayValue === undefined ? stringValue : listIn(arrayValue, "values").map(plainOf);
}

function listIn(value: unknown, key: string): readonly unknown[] {
  const list = asRecord(value)?.[key];
  return Array.isArray(list) ? list : [];
}
