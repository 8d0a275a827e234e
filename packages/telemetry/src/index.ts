export { createDenialRecorder } from "./recorder.ts";
export type { DenialRecorder } from "./recorder/denial-recorder.ts";
export type { DenialRecorderOptions } from "./recorder/recorder-options.ts";
export { seriesBudget } from "./metrics/series-budget.ts";
export type {
  DimensionBudget,
  InstrumentBudget,
  SeriesBudgetOptions,
} from "./metrics/series-budget.ts";
export { SeriesBudgetWarning } from "./metrics/series-budget-warning.ts";
export type { Health } from "./health.ts";
export type { Dropped, Ledger } from "./ledger/ledger.ts";
export {
  ChainCheck,
  type ChainFault,
  type ChainFinding,
  type ChainReport,
} from "./integrity/chain-check.ts";
export type { OtlpAttribute, OtlpRecord, OtlpValue } from "./integrity/canonical.ts";
export {
  NODE_CAPABILITIES,
  nodePermissionDenial,
  type NodePermissionOptions,
  type NodePermissionSource,
  type NodeRefusal,
  recordNodePermission,
} from "./sources/node-permission.ts";
export { denialLogRecord } from "./records/denial-record.ts";
export { redactTarget } from "./records/redaction.ts";
export type { Redact } from "./records/custom-redaction.ts";
export { denialSeverity } from "./records/severity.ts";
export {
  ATTRIBUTES,
  CLOSE_CAUSES,
  DECISIONS,
  DROPPED,
  DROP_REASONS,
  EVENTS,
  FOLDABLE,
  LOSS_REASONS,
  METRICS,
  OTHER,
  OUTCOMES,
  REDACTION_FAILURES,
  STATES,
  type DropReason,
  type LossReason,
  type RedactionFailure,
} from "./semconv.ts";
export { prometheusLabel, prometheusName } from "./metrics/prometheus-name.ts";
export { SCOPE } from "./instrumentation-scope.ts";

// The contract, so that a service with guards of its own needs one import.
export {
  DenialEvent,
  denialEvent,
  parseDenialEvent,
  PolicyAuthError,
  PolicyError,
} from "@pyisolate/policy/events";
export type {
  Capability,
  CapabilityName,
  CellTotals,
  DenialEventJson,
  DenialFields,
  DenialInput,
  DenialReason,
  DenialSink,
  KernelEvidence,
  NearestRule,
  Operation,
  OperationName,
  OwnCapabilities,
  Verdict,
} from "@pyisolate/policy";
