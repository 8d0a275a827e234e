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

/** The dimensions that fold into {@link OTHER} past the series budget. */
export const FOLDABLE = ["cell", "policy_rule"] as const;

/** Why a cell ended. */
export const CLOSE_CAUSES = ["closed", "limit"] as const;

/** An attribute's name, what it means, and its values where they are a closed set. */
interface AttributeSpec {
  readonly name: string;
  readonly meaning: string;
  readonly values?: readonly (string | boolean)[];
}

export const ATTRIBUTES = {
  cell: { name: "pyisolate.cell", meaning: "The cell's name, as the host gave it" },
  capability: {
    name: "pyisolate.capability",
    meaning: "What was asked for",
    values: CAPABILITIES,
  },
  operation: {
    name: "pyisolate.operation",
    meaning: "What was to be done with it",
    values: [...new Set(Object.values(OPERATIONS).flat())],
  },
  attemptedAction: {
    name: "pyisolate.attempted_action",
    meaning: "`operation:target`, or the operation alone; the target is clean and bounded",
  },
  policyRule: {
    name: "pyisolate.policy_rule",
    meaning: "The rule that refused, `default`, or `limit.` and the limit",
  },
  brokerDecision: {
    name: "pyisolate.broker_decision",
    meaning: "The policy's verdict",
    values: VERDICTS,
  },
  kernelDecision: {
    name: "pyisolate.kernel_decision",
    meaning: "The kernel layer's verdict",
    values: VERDICTS,
  },
  kernelEvidence: {
    name: "pyisolate.kernel_evidence",
    meaning: "How the kernel's verdict is known",
    values: KERNEL_EVIDENCE,
  },
  reason: { name: "pyisolate.reason", meaning: "Why it was refused", values: DENIAL_REASONS },
  nearestRule: {
    name: "pyisolate.nearest_rule",
    meaning: "For a denial by default: the rule that came closest, `:`, and what it lacked",
  },
  enforced: {
    name: "pyisolate.enforced",
    meaning: "False for the verdict of a shadow policy",
    values: [true, false],
  },
  denialId: { name: "pyisolate.denial.id", meaning: "The event's unique id" },
  denialSeq: {
    name: "pyisolate.denial.seq",
    meaning: "The event's position among its cell's denials",
  },
  denialCount: {
    name: "pyisolate.denial.count",
    meaning: "How many denials this record stands for: above 1 it is the first of a burst",
  },
  denialLastSeq: { name: "pyisolate.denial.last_seq", meaning: "Position of a burst's last denial" },
  denialLastTime: {
    name: "pyisolate.denial.last_time",
    meaning: "Time of a burst's last denial, RFC 3339",
  },
  policyName: { name: "pyisolate.policy.name", meaning: "The policy that decided" },
  policyHash: { name: "pyisolate.policy.hash", meaning: "Its content hash" },
  ruleName: { name: "security_rule.name", meaning: "Same as `pyisolate.policy_rule`" },
  rulesetName: { name: "security_rule.ruleset.name", meaning: "Same as `pyisolate.policy.name`" },
  ruleVersion: { name: "security_rule.version", meaning: "Same as `pyisolate.policy.hash`" },
  errorType: { name: "error.type", meaning: "Same as `pyisolate.reason`", values: DENIAL_REASONS },
  decision: { name: "pyisolate.decision", meaning: "Granted or refused", values: DECISIONS },
  outcome: {
    name: "pyisolate.outcome",
    meaning: "What became of the event's log record",
    values: OUTCOMES,
  },
  dropReason: {
    name: "pyisolate.drop_reason",
    meaning: "For a dropped one: why",
    values: DROP_REASONS,
  },
  dimension: {
    name: "pyisolate.dimension",
    meaning: "Which attribute was folded into `_other`",
    values: FOLDABLE,
  },
  closedCause: {
    name: "pyisolate.closed.cause",
    meaning: "Ended by the host or by a limit",
    values: CLOSE_CAUSES,
  },
  closedDenials: {
    name: "pyisolate.closed.denials",
    meaning: "Denials in the cell's life, as the cell's host counted them",
  },
  closedAllowed: {
    name: "pyisolate.closed.allowed",
    meaning: "Granted requests in the cell's life",
  },
  ledgerDenied: { name: "pyisolate.ledger.denied", meaning: "Denials the recorder was given" },
  ledgerEmitted: { name: "pyisolate.ledger.emitted", meaning: "Of those, records emitted" },
  ledgerCoalesced: {
    name: "pyisolate.ledger.coalesced",
    meaning: "Of those, carried by another record's `pyisolate.denial.count`",
  },
  ledgerDropped: { name: "pyisolate.ledger.dropped", meaning: "Of those, without a record" },
  ledgerPending: { name: "pyisolate.ledger.pending", meaning: "Of those, not yet settled" },
} as const satisfies Record<string, AttributeSpec>;

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
    ],
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
    description: "Denial events, verdicts of a shadow policy included; rules past the budget are _other.",
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
  folded: {
    name: "pyisolate.telemetry.folded",
    unit: "{event}",
    description: "Denial events whose cell or policy rule was folded into _other.",
    attributes: [A.dimension],
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
