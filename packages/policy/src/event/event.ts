import type { NearestRule } from "../decision.ts";
import { cleanText, isCleanText, MAX_EXPLANATION_LENGTH } from "../clean-text.ts";
import { isThenable } from "../describe-value.ts";
import type { CapabilityName, DenialReason, OperationName, Verdict } from "../vocabulary.ts";

/** How the kernel layer's verdict is proved, strongest evidence first. */
export const KERNEL_EVIDENCE = [
  "audit",
  /** The filter ended the process, because of a system call that our own code never makes. */
  "seccomp-kill",
  "seccomp-errno",
  "ruleset+errno",
  "differential+ruleset",
] as const;
export type KernelEvidence = (typeof KERNEL_EVIDENCE)[number];

/** What the nearest rule may lack. */
export const NEAREST_LACKS = ["operation", "scope"] as const;

/** Every field of a denial event, in TypeScript's spelling. */
export interface DenialFields {
  /** Unique across processes. Guest and caller get it too, so that they can tell a denial from a bug. */
  readonly id: string;
  /** Position among the cell's denials, from 1, without gaps. */
  readonly seq: number;
  /** Unix time in whole milliseconds. */
  readonly time: number;
  readonly cell: string;
  readonly capability: CapabilityName;
  readonly operation: OperationName;
  /** Bounded and clean (`cleanText`); empty where the operation has no target. */
  readonly target: string;
  /** A rule's id, `default`, `limit.` with the limit's name, or `control.` with the operation's name. */
  readonly policyRule: string;
  readonly brokerDecision: Verdict;
  readonly kernelDecision: Verdict;
  /** Non-null if and only if `kernelDecision` is `deny`. */
  readonly kernelEvidence: KernelEvidence | null;
  readonly reason: DenialReason;
  /** What the policy says of that rule or of its default: why it is there; null if nothing. Clean, and never a guest's text. */
  readonly ruleDescription: string | null;
  /** Whom to ask about it, as the policy says; null if it does not. */
  readonly ruleOwner: string | null;
  /** For a denial by default: the allow rule that came closest, and what it lacked. */
  readonly nearestRule: NearestRule | null;
  readonly policyName: string | null;
  /** Content hash of the policy that decided. */
  readonly policyHash: string | null;
  /** False for the verdict of a shadow policy, which is only recorded. */
  readonly enforced: boolean;
}

/** How the texts of an explanation are shown where not all of them may stay as they are, as in a log record. All are clean. */
export interface ShownTexts {
  /** The event's target. */
  readonly target: string;
  /** Any other text: a pattern of a rule. */
  readonly pattern: (text: string) => string;
}

/**
 * Gives the words of `explain` for a denial. Called when they are read, and not when the denial is made; by a log record with the
 * texts as it shows them.
 */
export type Explains = (event: DenialFields, shown?: ShownTexts) => string;

/** The event as JSON, in snake_case. Fields that the Python project has too equal those of its `to_dict()`. */
export interface DenialEventJson {
  readonly id: string;
  readonly seq: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly cell: string;
  readonly capability: CapabilityName;
  readonly operation: OperationName;
  readonly target: string;
  readonly attempted_action: string;
  readonly policy_rule: string;
  /** Left out if the policy says nothing of the rule. */
  readonly rule_description?: string;
  /** Left out if the policy names no owner. */
  readonly rule_owner?: string;
  readonly broker_decision: Verdict;
  readonly kernel_decision: Verdict;
  readonly kernel_evidence: KernelEvidence | null;
  readonly reason: DenialReason;
  readonly nearest_rule: NearestRule | null;
  readonly policy_name: string | null;
  readonly policy_hash: string | null;
  readonly enforced: boolean;
}

/** One refused request: complete, frozen, and stable as JSON. Two events with the same id record one denial. */
export class DenialEvent implements DenialFields {
  readonly id: string;
  readonly seq: number;
  readonly time: number;
  readonly cell: string;
  readonly capability: CapabilityName;
  readonly operation: OperationName;
  readonly target: string;
  readonly policyRule: string;
  readonly ruleDescription: string | null;
  readonly ruleOwner: string | null;
  readonly brokerDecision: Verdict;
  readonly kernelDecision: Verdict;
  readonly kernelEvidence: KernelEvidence | null;
  readonly reason: DenialReason;
  readonly nearestRule: NearestRule | null;
  readonly policyName: string | null;
  readonly policyHash: string | null;
  readonly enforced: boolean;
  readonly #explains: Explains | undefined;

  /** @internal Takes trusted fields that are clean already. Use `denialEvent`, or `parseDenialEvent` for JSON. */
  constructor(fields: DenialFields, explains?: Explains) {
    this.id = fields.id;
    this.seq = fields.seq;
    this.time = fields.time;
    this.cell = fields.cell;
    this.capability = fields.capability;
    this.operation = fields.operation;
    this.target = fields.target;
    this.policyRule = fields.policyRule;
    this.ruleDescription = fields.ruleDescription;
    this.ruleOwner = fields.ruleOwner;
    this.brokerDecision = fields.brokerDecision;
    this.kernelDecision = fields.kernelDecision;
    this.kernelEvidence = fields.kernelEvidence;
    this.reason = fields.reason;
    const nearest = fields.nearestRule;
    this.nearestRule =
      nearest === null ? null : Object.freeze({ id: nearest.id, lacked: nearest.lacked });
    this.policyName = fields.policyName;
    this.policyHash = fields.policyHash;
    this.enforced = fields.enforced;
    this.#explains = explains;
    Object.freeze(this);
  }

  /**
   * Why it was denied, in the words of `explain`: what was asked for, the cause, and what the nearest rule lacks. Null if its guard
   * gave no `explains`. Made when it is read, by the policy that decided. Clean.
   */
  get explanation(): string | null {
    return this.explanationShowing();
  }

  /** The explanation with its texts shown otherwise, for records that redact them. */
  explanationShowing(shown?: ShownTexts): string | null {
    try {
      const words: unknown = this.#explains?.(this, shown);
      if (typeof words !== "string") {
        // Without this the rejection of an async function would be unhandled, and end the process.
        if (isThenable(words)) Promise.resolve(words).catch(() => {});
        return null;
      }
      const isClean = isCleanText(words, MAX_EXPLANATION_LENGTH);
      return isClean ? words : cleanText(words, MAX_EXPLANATION_LENGTH);
    } catch {
      return null;
    }
  }

  /** `operation:target`; the operation alone if there is no target. */
  get attemptedAction(): string {
    return this.target === "" ? this.operation : `${this.operation}:${this.target}`;
  }

  /** Whether both are records of the same denial. */
  equals(other: { readonly id: string }): boolean {
    return this.id === other.id;
  }

  toJSON(): DenialEventJson {
    return {
      id: this.id,
      seq: this.seq,
      time: new Date(this.time).toISOString(),
      cell: this.cell,
      capability: this.capability,
      operation: this.operation,
      target: this.target,
      attempted_action: this.attemptedAction,
      policy_rule: this.policyRule,
      ...(this.ruleDescription !== null && { rule_description: this.ruleDescription }),
      ...(this.ruleOwner !== null && { rule_owner: this.ruleOwner }),
      broker_decision: this.brokerDecision,
      kernel_decision: this.kernelDecision,
      kernel_evidence: this.kernelEvidence,
      reason: this.reason,
      nearest_rule: this.nearestRule,
      policy_name: this.policyName,
      policy_hash: this.policyHash,
      enforced: this.enforced,
    };
  }
}
