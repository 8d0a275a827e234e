import * as semconv from "@pyisolate/telemetry";
// TEMP
const ATTRIBUTES = { ...semconv.ATTRIBUTES, telemetryState: { name: "pyisolate.telemetry.state" } };
const EVENTS = { ...semconv.EVENTS, policyLoaded: { name: "pyisolate.policy.loaded" } };
const c = (name: string) => ({ kind: "counter" as "counter" | "gauge", name });
const g = (name: string) => ({ kind: "gauge" as "counter" | "gauge", name });
const METRICS = {
  denials: c("pyisolate.denials"),
  denialEvents: c("pyisolate.denial.events"),
  decisions: c("pyisolate.decisions"),
  records: c("pyisolate.denial.records"),
  policyLoads: c("pyisolate.policy.loads"),
  folded: c("pyisolate.telemetry.folded"),
  redactions: c("pyisolate.telemetry.redactions.failed"),
  queueSize: g("pyisolate.telemetry.queue.size"),
  state: g("pyisolate.telemetry.state"),
  spoolUsage: g("pyisolate.telemetry.spool.usage.bytes"),
  spoolLimit: g("pyisolate.telemetry.spool.limit.bytes"),
};
// END TEMP

type Instrument = (typeof METRICS)[keyof typeof METRICS];

/** An attribute's name as Prometheus and Loki write it. */
function labelOf(attribute: { readonly name: string }): string {
  return attribute.name.replaceAll(".", "_");
}

/** An instrument's name as Prometheus writes it. */
export function seriesOf({ kind, name }: Pick<Instrument, "kind" | "name">): string {
  return `${name.replaceAll(".", "_")}${kind === "counter" ? "_total" : ""}`;
}

/** Labels of the metrics, and of a record's metadata in Loki. */
export const LABELS = {
  cell: labelOf(ATTRIBUTES.cell),
  capability: labelOf(ATTRIBUTES.capability),
  operation: labelOf(ATTRIBUTES.operation),
  attemptedAction: labelOf(ATTRIBUTES.attemptedAction),
  rule: labelOf(ATTRIBUTES.policyRule),
  broker: labelOf(ATTRIBUTES.brokerDecision),
  kernel: labelOf(ATTRIBUTES.kernelDecision),
  reason: labelOf(ATTRIBUTES.reason),
  enforced: labelOf(ATTRIBUTES.enforced),
  decision: labelOf(ATTRIBUTES.decision),
  outcome: labelOf(ATTRIBUTES.outcome),
  dropReason: labelOf(ATTRIBUTES.dropReason),
  dimension: labelOf(ATTRIBUTES.dimension),
  redactionFailure: labelOf(ATTRIBUTES.redactionFailure),
  state: labelOf(ATTRIBUTES.telemetryState),
  denialId: labelOf(ATTRIBUTES.denialId),
  denialCount: labelOf(ATTRIBUTES.denialCount),
  nearestRule: labelOf(ATTRIBUTES.nearestRule),
  policyName: labelOf(ATTRIBUTES.policyName),
  policyHash: labelOf(ATTRIBUTES.policyHash),
} as const;

/** What the Collector makes of a service's name and instance in Prometheus. */
export const JOB = "job";
export const INSTANCE = "instance";

/** What Loki makes of them, and of what otel-collector.yaml copies the event's name to. */
export const SERVICE = {
  namespace: "service_namespace",
  name: "service_name",
  instance: "service_instance_id",
  event: "event_name",
} as const;

export { EVENTS, METRICS };
