import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";

/** Labels of the metrics. */
export const LABELS = {
  cell: prometheusLabel(ATTRIBUTES.cell),
  capability: prometheusLabel(ATTRIBUTES.capability),
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
} as const;

/** The labels into which the Collector turns a service's name and instance for Prometheus. */
export const JOB = "job";
export const INSTANCE = "instance";

/** The fields of a record: our name → the attribute's name, which VictoriaLogs keeps and Loki writes with `_`. */
export const RECORD_FIELDS = {
  service: "service.name",
  namespace: "service.namespace",
  instance: "service.instance.id",
  event: "event_name",
  id: ATTRIBUTES.denialId.name,
  count: ATTRIBUTES.denialCount.name,
  cell: ATTRIBUTES.cell.name,
  capability: ATTRIBUTES.capability.name,
  attemptedAction: ATTRIBUTES.attemptedAction.name,
  rule: ATTRIBUTES.policyRule.name,
  reason: ATTRIBUTES.reason.name,
  nearestRule: ATTRIBUTES.nearestRule.name,
  broker: ATTRIBUTES.brokerDecision.name,
  kernel: ATTRIBUTES.kernelDecision.name,
  enforced: ATTRIBUTES.enforced.name,
  policyName: ATTRIBUTES.policyName.name,
  policyHash: ATTRIBUTES.policyHash.name,
  description: ATTRIBUTES.ruleDescription.name,
  owner: ATTRIBUTES.ruleOwner.name,
  operation: ATTRIBUTES.operation.name,
  targets: ATTRIBUTES.denialTargets.name,
} as const;

/** Fields of which the report shows nothing. */
const NOT_SHOWN = new Set<string>([
  "operation",
  "targets",
] satisfies (keyof typeof RECORD_FIELDS)[]);

/** The fields that the report asks for. */
export const REPORT_FIELDS = (Object.keys(RECORD_FIELDS) as RecordField[]).filter(
  (field) => !NOT_SHOWN.has(field),
);
export type RecordField = keyof typeof RECORD_FIELDS;

/** The fields that have a value. */
export function recordFields(
  values: Readonly<Partial<Record<RecordField, string | undefined>>>,
): (readonly [field: RecordField, value: string])[] {
  return Object.entries(values).flatMap(([field, value]) =>
    value === undefined ? [] : [[field as RecordField, value] as const],
  );
}
