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

/** Who sent it, from the resource. */
export const SERVICE: Attribute = { name: "service.name" };
export const INSTANCE: Attribute = { name: "service.instance.id" };

/** Where every store keeps a record's trace. */
export const TRACE_ID = "trace_id";

/** What a guest wrote: never in a link, never where HTML is made of it. By any store's name. */
export const GUEST_WRITTEN: readonly string[] = [
  ATTRIBUTES.attemptedAction,
  ATTRIBUTES.denialTargets,
].flatMap((attribute) => [prometheusLabel(attribute), attribute.name]);
