import { ATTRIBUTES, EVENTS } from "@pyisolate/telemetry";

import { isRecord, parsed } from "../json.ts";

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
 * event as `JSON.stringify(event)` writes it, or a list of these, in which lists hold none. A record that stands for several denials gives one for each
 * target that it names. Anything else holds none.
 */
export function* deniedIn(value: unknown): Iterable<RecordedDenial> {
  // No list within a list: a line may have more of them in one another than there is stack for.
  for (const each of Array.isArray(value) ? value : [value]) {
    if (isRecord(each)) yield* fromRecord(each);
  }
}

function* fromRecord(value: Fields): Iterable<RecordedDenial> {
  if (Array.isArray(value["resourceLogs"])) yield* fromOtlp(value["resourceLogs"]);
  else if (typeof value["attempted_action"] === "string") yield* fromEvent(value);
  else yield* fromAttributes(value);
}

function* fromOtlp(resourceLogs: readonly unknown[]): Iterable<RecordedDenial> {
  for (const resource of resourceLogs) {
    for (const scope of listIn(resource, "scopeLogs")) {
      for (const record of listIn(scope, "logRecords")) {
        if (!isRecord(record) || record["eventName"] !== EVENTS.denial.name) continue;
        const attributes = listIn(record, "attributes").map((each) => {
          const { key, value } = fieldsOf(each);
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
  if (typeof value === "string" && value.startsWith("[")) return othersIn(parsed(value));
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

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

/** A value in OTLP's JSON: a text, or a list of texts, in which lists are left out. */
function plainOf(value: unknown): unknown {
  const { stringValue, arrayValue } = fieldsOf(value);
  if (arrayValue === undefined) return stringValue;
  return listIn(arrayValue, "values").map((each) => fieldsOf(each)["stringValue"]);
}

function listIn(value: unknown, key: string): readonly unknown[] {
  const list = fieldsOf(value)[key];
  return Array.isArray(list) ? list : [];
}
