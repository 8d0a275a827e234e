import { SEVERITY } from "../../records/severity.ts";
import { EVENTS } from "../../semconv.ts";

/** A request as the one given, from the same resource, with one record that says nothing of a guest's. */
export function probeLike(request: Buffer): Buffer {
  const { resourceLogs } = JSON.parse(request.toString()) as Request;
  const [resource] = resourceLogs;
  const now = `${Date.now()}000000`;
  const record = {
    timeUnixNano: now,
    observedTimeUnixNano: now,
    severityNumber: SEVERITY.info,
    eventName: EVENTS.probe.name,
    body: { stringValue: "asks whether records are taken, because one is refused" },
    attributes: [],
    droppedAttributesCount: 0,
  };
  const [scope] = resource?.scopeLogs ?? [];
  const scopeLogs = [{ ...scope, logRecords: [record] }];
  return Buffer.from(JSON.stringify({ resourceLogs: [{ ...resource, scopeLogs }] }));
}

/** The part of a request that is read. */
interface Request {
  readonly resourceLogs: readonly { readonly scopeLogs: readonly object[] }[];
}
