// oxlint-disable max-lines -- the one file of names: a reader who looks for one has one place to look
import {
  CAPABILITIES,
  DENIAL_REASONS,
  KERNEL_EVIDENCE,
  OPERATIONS,
  VERDICTS,
} from "@pyisolate/policy";

/**
 * The one file of names. Prometheus writes `.` as `_`: the attribute `pyisolate.cell` is the label `pyisolate_cell`, on
 * both metrics paths. Units are `{annotations}`, which neither path turns into a suffix.
 */

/** What stands in a metric attribute for every value past the series budget. */
export const OTHER = "_other";

/** Whether a request was granted, in `pyisolate.decisions`. */
export const DECISIONS = ["allow", "deny"] as const;

/** What became of an event's log record. */
export const OUTCOMES = ["emitted", "coalesced", "dropped"] as const;

/** Why an event has no log record. */
export const DROP_REASONS = [
  /** No logger wanted it: no provider, or its configuration says no. */
  "disabled",
  /** The ring and the table of bursts were full. */
  "ring_full",
  /** The logger threw. */
  "emit_failed",
  /** What was recorded is not a denial event. */
  "invalid",
  /** The recorder was shut down before the record could be emitted. */
  "shutdown",
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Why a record goes out without its target. */
export const REDACTION_FAILURES = [
  /** The host's own rule threw. */
  "threw",
  /** It took too long. */
  "slow",
  /** It had been slow too often. */
  "switched_off",
  /** What it gave is no string. */
  "not_text",
] as const;
export type RedactionFailure = (typeof REDACTION_FAILURES)[number];

/** Why a record that a logger took never arrived. */
export const LOSS_REASONS = [
  /** The SDK's processor had no room for it. */
  "queue_full",
  /** It could not be sent, and the exporter gave up. */
  "export_failed",
  /** The far end took the request and refused the record. */
  "refused",
  /** The spool had reached its bound of bytes. */
  "spool_full",
  /** The spool could not be written, or not be read back. */
  "spool_failed",
  /** The provider ended before it could be sent. */
  "shutdown",
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** The dimensions that fold into {@link OTHER} past the series budget. */
export const FOLDABLE = ["cell", "policy_rule"] as const;

const BOOLEANS = [true, false] as const;

/** Why a cell ended. */
export const CLOSE_CAUSES = ["closed", "limit"] as const;

export const ATTRIBUTES = {
  cell: attribute("pyisolate.cell", "The cell's name, as the host gave it"),
  capability: attribute("pyisolate.capability", "What was asked for", CAPABILITIES),
  operation: attribute("pyisolate.operation", "What was to be done with it", [
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
  ruleName: attribute("security_rule.name", "Same as `pyisolate.policy_rule`"),
  rulesetName: attribute("security_rule.ruleset.name", "Same as `pyisolate.policy.name`"),
  ruleVersion: attribute("security_rule.version", "Same as `pyisolate.policy.hash`"),
  errorType: attribute("error.type", "Same as `pyisolate.reason`", DENIAL_REASONS),
  decision: attribute("pyisolate.decision", "Granted or refused", DECISIONS),
  outcome: attribute("pyisolate.outcome", "What became of an event's log record", OUTCOMES),
  dropReason: attribute("pyisolate.drop_reason", "For a dropped one: why", DROP_REASONS),
  dimension: attribute("pyisolate.dimension", "Which attribute became `_other`", FOLDABLE),
  lossReason: attribute(
    "pyisolate.loss_reason",
    "Why a record that had been emitted never arrived",
    LOSS_REASONS,
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
  ledgerEmitted: attribute("pyisolate.ledger.emitted", "Of those, records emitted"),
  ledgerCoalesced: attribute(
    "pyisolate.ledger.coalesced",
    "Of those, carried by another record's `pyisolate.denial.count`",
  ),
  ledgerDropped: attribute("pyisolate.ledger.dropped", "Of those, without a record"),
  ledgerPending: attribute("pyisolate.ledger.pending", "Of those, not yet settled"),
  droppedTotal: attribute(
    "pyisolate.dropped.total",
    "Denials without a record since the last such event",
  ),
  droppedRingFull: attribute("pyisolate.dropped.ring_full", "Of those, for want of room"),
  droppedEmitFailed: attribute(
    "pyisolate.dropped.emit_failed",
    "Of those, because the logger threw",
  ),
  droppedInvalid: attribute(
    "pyisolate.dropped.invalid",
    "Of those, because they were no denial events",
  ),
  droppedShutdown: attribute("pyisolate.dropped.shutdown", "Of those, because the recorder ended"),
} as const;

const A = ATTRIBUTES;

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
      A.policyName,
      A.policyHash,
      A.rulesetName,
      A.ruleVersion,
      A.denialLastSeq,
      A.denialLastTime,
      A.denialTargets,
    ],
  },
  recordsDropped: {
    name: "pyisolate.records.dropped",
    meaning: "Denials have no record, at most one such event a second; the counters have them all",
    severity: "WARN",
    attributes: [A.droppedTotal],
    optional: [A.droppedRingFull, A.droppedEmitFailed, A.droppedInvalid, A.droppedShutdown],
  },
  cellClosed: {
    name: "pyisolate.cell.closed",
    meaning: "A cell's totals and its ledger at its end",
    severity: "INFO",
    attributes: [
      A.cell,
      A.closedCause,
      A.closedDenials,
      A.closedAllowed,
      A.ledgerDenied,
      A.ledgerEmitted,
      A.ledgerCoalesced,
      A.ledgerDropped,
      A.ledgerPending,
    ],
    optional: [],
  },
} as const;

/** The instruments: all counters but `queueSize`, a gauge. */
export const METRICS = {
  denials: {
    name: "pyisolate.denials",
    unit: "{denial}",
    description: "Denials that took effect, by cell; cells past the budget are _other.",
    attributes: [A.cell],
  },
  denialEvents: {
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
    name: "pyisolate.decisions",
    unit: "{decision}",
    description: "Requests granted and refused.",
    attributes: [A.capability, A.decision],
  },
  records: {
    name: "pyisolate.denial.records",
    unit: "{record}",
    description: "What became of the log records of denial events.",
    attributes: [A.outcome, A.dropReason],
  },
  lost: {
    name: "pyisolate.telemetry.records.lost",
    unit: "{record}",
    description: "Emitted log records that are known never to arrive.",
    attributes: [A.lossReason],
  },
  folded: {
    name: "pyisolate.telemetry.folded",
    unit: "{event}",
    description: "Denial events whose cell or policy rule was folded into _other.",
    attributes: [A.dimension],
  },
  redactions: {
    name: "pyisolate.telemetry.redactions.failed",
    unit: "{target}",
    description: "Targets that were left out because the host's own redaction failed.",
    attributes: [A.redactionFailure],
  },
  queueSize: {
    name: "pyisolate.telemetry.queue.size",
    unit: "{event}",
    description: "Denial events whose log record is not yet settled.",
    attributes: [],
  },
} as const;

/** The counters among {@link METRICS}. */
export type CounterKey = Exclude<keyof typeof METRICS, "queueSize">;

/** An attribute's name, what it means, and its values where they are a closed set. */
function attribute<const Name extends string>(
  name: Name,
  meaning: string,
  values?: readonly (string | boolean)[],
) {
  return { name, meaning, values } as const;
}
