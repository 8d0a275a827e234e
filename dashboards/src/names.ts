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

/** Loki's name of an attribute that the Collector adds, because Loki forgets a record's event name. */
export const EVENT_NAME = "event_name";

/** Index labels of Loki, from the resource. */
export const LOKI_SERVICE = "service_name";
export const LOKI_INSTANCE = "service_instance_id";

/** Where Loki keeps a record's trace, and how bad it is. */
export const TRACE_ID = "trace_id";
export const LOKI_LEVEL = "detected_level";

/** What a guest wrote: never in a link, never where HTML is made of it. */
export const GUEST_WRITTEN: readonly string[] = [
  ATTRIBUTES.attemptedAction,
  ATTRIBUTES.denialTargets,
].map(prometheusLabel);
