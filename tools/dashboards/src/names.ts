import { ATTRIBUTES, EVENTS, prometheusLabel } from "@pyisolate/telemetry";

/** A metric of semconv.ts. */
export interface Metric {
  readonly name: string;
  readonly kind: "counter" | "gauge";
}

/** An attribute of semconv.ts. */
export interface Attribute {
  readonly name: string;
}

/** A log event of semconv.ts. */
export type Event = (typeof EVENTS)[keyof typeof EVENTS];

/** A record's event name, which the Collector copies into an attribute for a Loki. */
export const EVENT_NAME: Attribute = { name: "event_name" };

/** The service and the process that sent a record, from its resource. */
export const SERVICE: Attribute = { name: "service.name" };
export const INSTANCE: Attribute = { name: "service.instance.id" };

/** Where every store keeps a record's trace. */
export const TRACE_ID = "trace_id";

/** Fields that a guest may have written, by any store's name for them: never used in a link or where Grafana renders HTML. */
export const GUEST_WRITTEN: readonly string[] = [
  ATTRIBUTES.attemptedAction,
  ATTRIBUTES.denialTargets,
].flatMap((attribute) => [prometheusLabel(attribute), attribute.name]);
