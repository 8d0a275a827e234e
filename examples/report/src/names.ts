import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";

/** Labels of the metrics, and of a record's metadata in Loki. */
export const LABELS = {
  cell: prometheusLabel(ATTRIBUTES.cell),
  capability: prometheusLabel(ATTRIBUTES.capability),
  operation: prometheusLabel(ATTRIBUTES.operation),
  attemptedAction: prometheusLabel(ATTRIBUTES.attemptedAction),
  rule: prometheusLabel(ATTRIBUTES.policyRule),
  broker: prometheusLabel(ATTRIBUTES.brokerDecision),
  kernel: prometheusLabel(ATTRIBUTES.kernelDecision),
  reason: prometheusLabel(ATTRIBUTES.reason),
  enforced: prometheusLabel(ATTRIBUTES.enforced),
  decision: prometheusLabel(ATTRIBUTES.decision),
  outcome: prometheusLabel(ATTRIBUTES.outcome),
  dropReason: prometheusLabel(ATTRIBUTES.dropReason),
  dimension: prometheusLabel(ATTRIBUTES.dimension),
  redactionFailure: prometheusLabel(ATTRIBUTES.redactionFailure),
  state: prometheusLabel(ATTRIBUTES.telemetryState),
  denialId: prometheusLabel(ATTRIBUTES.denialId),
  denialCount: prometheusLabel(ATTRIBUTES.denialCount),
  nearestRule: prometheusLabel(ATTRIBUTES.nearestRule),
  policyName: prometheusLabel(ATTRIBUTES.policyName),
  policyHash: prometheusLabel(ATTRIBUTES.policyHash),
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
