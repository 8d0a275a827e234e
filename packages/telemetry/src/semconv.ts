// oxlint-disable max-lines -- the one file of names: a reader who looks for one has one place to look
import {
  CAPABILITIES,
  DENIAL_REASONS,
  KERNEL_EVIDENCE,
  OPERATIONS,
  VERDICTS,
} from "@pyisolate/policy/events";

/**
 * The one file of names. Prometheus writes `.` as `_`: the attribute `pyisolate.cell` is the label `pyisolate_cell`, on
 * both metrics paths. Units are `{annotations}`, which neither path turns into a suffix, or stand in the name as well.
 */

/** The value of a metric attribute for everything past the series budget. */
export const OTHER = "_other";

/** Whether a request was granted, in `pyisolate.decisions`. */
export const DECISIONS = ["allow", "deny"] as const;

/** What became of an event's log record. */
export const OUTCOMES = ["emitted", "coalesced", "dropped"] as const;

/** Why a record that the logger had taken was lost. */
export const LOSS_REASONS = [
  /** The recorder or the provider ended before it was delivered. */
  "shutdown",
  /** The exporter's queue was full. */
  "queue_full",
  /** It could not be serialized. */
  "export_failed",
  /** The server answered, and refused it. */
  "refused",
  /** The spool was full. */
  "spool_full",
  /** The spool could not be written, or could not be read. */
  "spool_failed",
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** Why an event has no log record. */
export const DROP_REASONS = [
  /** No logger wanted it: there is no provider, or its configuration says no. */
  "disabled",
  /** The ring buffer and the table of bursts were full. */
  "ring_full",
  /** The logger threw. */
  "emit_failed",
  /** What was recorded was not a denial event. */
  "invalid",
  ...LOSS_REASONS,
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Why a record goes out without its target. */
export const REDACTION_FAILURES = [
  /** The host's own rule threw. */
  "threw",
  /** It took too long. */
  "slow",
  /** It had been slow too often, and is not called any more. */
  "switched_off",
  /** It did not return a string. */
  "not_text",
] as const;
export type RedactionFailure = (typeof REDACTION_FAILURES)[number];

/** The dimensions that fold into {@link OTHER}: past the series budget, or for a capability that is not declared. */
export const FOLDABLE = ["cell", "policy_rule", "capability"] as const;

const BOOLEANS = [true, false] as const;

/** Whether log records and counts are delivered: see `Health`. */
export const STATES = ["exporting", "degraded", "blind"] as const;

/** Why a cell ended. */
export const CLOSE_CAUSES = ["closed", "limit"] as const;

export const ATTRIBUTES = {
  cell: attribute("pyisolate.cell", "The cell's name, clean and bounded"),
  capability: attribute(
    "pyisolate.capability",
    "What was asked for; or a service's own, in metrics `_other` where it is not declared",
    CAPABILITIES,
  ),
  operation: attribute("pyisolate.operation", "What was to be done with it; or a service's own", [
    ...new Set(Object.values(OPERATIONS).flat()),
  ]),
  attemptedAction: attribute(
    "pyisolate.attempted_action",
    "`operation:target`, or the operation alone; the target is redacted, clean and bounded",
  ),
  policyRule: attribute(
    "pyisolate.policy_rule",
    "The rule that refused, `default`, or `limit.` and the limit",
  ),
  brokerDecision: attribute("pyisolate.broker_decision", "The policy's verdict", VERDICTS),
  kernelDecision: attribute("pyisolate.kernel_decision", "The kernel layer's verdict", VERDICTS),
  kernelEvidence: attribute(
    "pyisolate.kernel_evidence",
    "How the kernel's verdict is known",
    KERNEL_EVIDENCE,
  ),
  reason: attribute("pyisolate.reason", "Why it was refused", DENIAL_REASONS),
  nearestRule: attribute(
    "pyisolate.nearest_rule",
    "For a denial by default: the rule that came closest, `:`, and what it lacked",
  ),
  explanation: attribute(
    "pyisolate.explanation",
    "Why, as `explain` and `pyisolate why` say it: the cause, and what the nearest rule lacks; redacted like the target",
  ),
  enforced: attribute("pyisolate.enforced", "False for the verdict of a shadow policy", BOOLEANS),
  denialId: attribute("pyisolate.denial.id", "The event's unique id"),
  denialSeq: attribute("pyisolate.denial.seq", "Its position among its cell's denials"),
  denialCount: attribute(
    "pyisolate.denial.count",
    "How many denials this record stands for: above 1 it tells the first of a burst",
  ),
  denialLastSeq: attribute("pyisolate.denial.last_seq", "Position of a burst's last denial"),
  denialLastTime: attribute("pyisolate.denial.last_time", "Time of a burst's last, RFC 3339"),
  denialTargets: attribute(
    "pyisolate.denial.targets",
    "A fair sample of a burst's other targets, at most 8, each redacted, clean and bounded; a list of strings",
  ),
  policyName: attribute("pyisolate.policy.name", "The policy that decided"),
  policyHash: attribute("pyisolate.policy.hash", "Its content hash"),
  integrityChain: attribute(
    "pyisolate.integrity.chain",
    "The chain that the record is in: each life of a cell has one",
  ),
  integrityPosition: attribute(
    "pyisolate.integrity.position",
    "Its place in the chain, from 1; in a closed cell's record the number of records in it",
  ),
  integrityPrevious: attribute(
    "pyisolate.integrity.previous",
    "The hash of the chain's record before it, 64 zeros in the first; in a closed cell's record the chain's head",
  ),
  integrityHash: attribute(
    "pyisolate.integrity.hash",
    "SHA-256 of everything else that the record says, hexadecimal",
  ),
  ruleName: attribute("security_rule.name", "Same as `pyisolate.policy_rule`"),
  rulesetName: attribute("security_rule.ruleset.name", "Same as `pyisolate.policy.name`"),
  ruleDescription: attribute(
    "security_rule.description",
    "Why the rule is there, or why what no rule decides is denied, as the policy says",
  ),
  ruleOwner: attribute("pyisolate.rule.owner", "Whom to ask about it, as the policy says"),
  ruleVersion: attribute("security_rule.version", "Same as `pyisolate.policy.hash`"),
  errorType: attribute("error.type", "Same as `pyisolate.reason`", DENIAL_REASONS),
  decision: attribute("pyisolate.decision", "Granted or refused", DECISIONS),
  outcome: attribute("pyisolate.outcome", "What became of an event's log record", OUTCOMES),
  dropReason: attribute("pyisolate.drop_reason", "For a dropped one: why", DROP_REASONS),
  dimension: attribute("pyisolate.dimension", "Which attribute became `_other`", FOLDABLE),
  telemetryState: attribute(
    "pyisolate.telemetry.state",
    "1 for the state that telemetry is in, 0 for the others",
    STATES,
  ),
  redactionFailure: attribute(
    "pyisolate.redaction.failure",
    "Why a record went out without its target",
    REDACTION_FAILURES,
  ),
  closedCause: attribute("pyisolate.closed.cause", "Ended by host or limit", CLOSE_CAUSES),
  closedDenials: attribute(
    "pyisolate.closed.denials",
    "Denials in the cell's life, as its host counted them",
  ),
  closedAllowed: attribute("pyisolate.closed.allowed", "Granted requests in the cell's life"),
  ledgerDenied: attribute("pyisolate.ledger.denied", "Denial events the recorder was given"),
  ledgerEmitted: attribute(
    "pyisolate.ledger.emitted",
    "Of those, records that have arrived, as far as is known",
  ),
  ledgerCoalesced: attribute(
    "pyisolate.ledger.coalesced",
    "Of those, carried by another record's `pyisolate.denial.count`",
  ),
  ledgerDropped: attribute(
    "pyisolate.ledger.dropped",
    "Of those, without a record; `pyisolate.dropped.` and the reason say why",
  ),
  ledgerPending: attribute("pyisolate.ledger.pending", "Of those, not yet settled"),
  droppedTotal: attribute(
    "pyisolate.dropped.total",
    "Denials without a record since the last such event",
  ),
  droppedDisabled: attribute(
    "pyisolate.dropped.disabled",
    "Without a record: no logger wanted one",
  ),
  droppedRingFull: attribute(
    "pyisolate.dropped.ring_full",
    "Without a record: no room in the ring",
  ),
  droppedEmitFailed: attribute("pyisolate.dropped.emit_failed", "Without one: the logger threw"),
  droppedInvalid: attribute("pyisolate.dropped.invalid", "Without one: not a denial event"),
  droppedShutdown: attribute(
    "pyisolate.dropped.shutdown",
    "Without one: recorder or provider ended",
  ),
  droppedQueueFull: attribute("pyisolate.dropped.queue_full", "Lost: no room on its way out"),
  droppedExportFailed: attribute("pyisolate.dropped.export_failed", "Lost: it could not be sent"),
  droppedRefused: attribute("pyisolate.dropped.refused", "Lost: the server refused it"),
  droppedSpoolFull: attribute("pyisolate.dropped.spool_full", "Lost: the spool was full"),
  droppedSpoolFailed: attribute("pyisolate.dropped.spool_failed", "Lost: the spool's disk failed"),
} as const;

const A = ATTRIBUTES;

/** For each reason the attribute that says how many events were dropped, in the records of closed cells and dropped records. */
export const DROPPED = {
  disabled: A.droppedDisabled,
  ring_full: A.droppedRingFull,
  emit_failed: A.droppedEmitFailed,
  invalid: A.droppedInvalid,
  shutdown: A.droppedShutdown,
  queue_full: A.droppedQueueFull,
  export_failed: A.droppedExportFailed,
  refused: A.droppedRefused,
  spool_full: A.droppedSpoolFull,
  spool_failed: A.droppedSpoolFailed,
} as const satisfies Record<DropReason, { readonly name: string }>;

/** With `integrity: true`. */
const INTEGRITY = [A.integrityChain, A.integrityPosition, A.integrityPrevious, A.integrityHash];

/** The log records, each with its attributes; those marked by `?` are there where they have a value. */
export const EVENTS = {
  denial: {
    name: "pyisolate.denial",
    meaning: "One refused request, or a burst of like ones",
    severity: "WARN; ERROR where kernel and broker disagree or a limit ended the cell",
    attributes: [
      A.cell,
      A.capability,
      A.operation,
      A.attemptedAction,
      A.policyRule,
      A.brokerDecision,
      A.kernelDecision,
      A.reason,
      A.enforced,
      A.denialId,
      A.denialSeq,
      A.denialCount,
      A.ruleName,
      A.errorType,
    ],
    optional: [
      A.kernelEvidence,
      A.nearestRule,
      A.explanation,
      A.policyName,
      A.policyHash,
      A.rulesetName,
      A.ruleVersion,
      A.ruleDescription,
      A.ruleOwner,
      A.denialLastSeq,
      A.denialLastTime,
      A.denialTargets,
      ...INTEGRITY,
    ],
  },
  recordsDropped: {
    name: "pyisolate.records.dropped",
    meaning: "Denials have no record, at most one such event a second; the counters have them all",
    severity: "WARN",
    attributes: [A.droppedTotal],
    optional: Object.entries(DROPPED).flatMap(([reason, attribute]) =>
      reason === "disabled" ? [] : [attribute],
    ),
  },
  cellClosed: {
    name: "pyisolate.cell.closed",
    meaning: "A cell's totals and its ledger at its end",
    severity: "INFO",
    attributes: [A.cell, A.closedCause, A.closedDenials, A.closedAllowed],
    // A cell past the series budget has none of them: its denials are in the ledger of `_other`.
    optional: [
      A.ledgerDenied,
      A.ledgerEmitted,
      A.ledgerCoalesced,
      A.ledgerDropped,
      A.ledgerPending,
      ...Object.values(DROPPED),
      ...INTEGRITY,
    ],
  },
  policyLoaded: {
    name: "pyisolate.policy.loaded",
    meaning: "A policy decides from now on",
    severity: "INFO",
    attributes: [A.policyName, A.policyHash],
    optional: [],
  },
  probe: {
    name: "pyisolate.telemetry.probe",
    meaning: "Sent where a record is refused, to learn whether others are taken",
    severity: "INFO",
    attributes: [],
    optional: [],
  },
} as const;

/** The instruments. Counters are exact at every collection, gauges are read at each. */
export const METRICS = {
  denials: {
    kind: "counter",
    name: "pyisolate.denials",
    unit: "{denial}",
    description: "Denials that took effect, by cell; cells past the budget are _other.",
    attributes: [A.cell],
  },
  denialEvents: {
    kind: "counter",
    name: "pyisolate.denial.events",
    unit: "{event}",
    description:
      "Denial events, verdicts of a shadow policy included; rules past the budget are _other.",
    attributes: [
      A.capability,
      A.policyRule,
      A.brokerDecision,
      A.kernelDecision,
      A.reason,
      A.enforced,
    ],
  },
  decisions: {
    kind: "counter",
    name: "pyisolate.decisions",
    unit: "{decision}",
    description: "Requests granted and refused.",
    attributes: [A.capability, A.decision],
  },
  records: {
    kind: "counter",
    name: "pyisolate.denial.records",
    unit: "{record}",
    description:
      "What became of the log records of denial events, losses after the recorder included.",
    attributes: [A.outcome, A.dropReason],
  },
  policyLoads: {
    kind: "counter",
    name: "pyisolate.policy.loads",
    unit: "{policy}",
    description: "Policies that began to decide: those loaded first, and reloads.",
    attributes: [],
  },
  folded: {
    kind: "counter",
    name: "pyisolate.telemetry.folded",
    unit: "{event}",
    description:
      "Denial events whose cell, policy rule or capability was folded into _other, and granted requests so folded.",
    attributes: [A.dimension],
  },
  redactions: {
    kind: "counter",
    name: "pyisolate.telemetry.redactions.failed",
    unit: "{target}",
    description: "Targets that were left out because the host's own redaction failed.",
    attributes: [A.redactionFailure],
  },
  queueSize: {
    kind: "gauge",
    name: "pyisolate.telemetry.queue.size",
    unit: "{event}",
    description: "Denial events of whose log record it is not yet known what became.",
    attributes: [],
  },
  state: {
    kind: "gauge",
    name: "pyisolate.telemetry.state",
    unit: "{state}",
    description: "Whether log records arrive: 1 for the present state, 0 for the others.",
    attributes: [A.telemetryState],
  },
  // The unit is in the name too, because the SDK's Prometheus exporter does not append it and the Collector does.
  spoolUsage: {
    kind: "gauge",
    name: "pyisolate.telemetry.spool.usage.bytes",
    unit: "By",
    description: "Bytes of log records of the process that wait in the spool.",
    attributes: [],
  },
  spoolLimit: {
    kind: "gauge",
    name: "pyisolate.telemetry.spool.limit.bytes",
    unit: "By",
    description: "Bytes that the spool may have.",
    attributes: [],
  },
} as const;

/** The instruments of one kind. */
type KeysOf<Kind extends "counter" | "gauge"> = {
  [Key in keyof typeof METRICS]: (typeof METRICS)[Key]["kind"] extends Kind ? Key : never;
}[keyof typeof METRICS];

/** The counters among {@link METRICS}. */
export type CounterKey = KeysOf<"counter">;

/** The gauges among {@link METRICS}. */
export type GaugeKey = KeysOf<"gauge">;

/** An attribute's name, what it means, and its values if they are a closed set. */
function attribute<const Name extends string>(
  name: Name,
  meaning: string,
  values?: readonly (string | boolean)[],
) {
  return { name, meaning, values } as const;
}
