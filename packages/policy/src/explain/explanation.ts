import type { Decision } from "../decision.ts";
import type { CommandScope } from "../policy.ts";
import type { RuleNotes } from "../rule-notes.ts";
import type { OperationName, RuleCapability } from "../vocabulary.ts";

/** Why a request was decided in this way. */
export type Cause =
  /** An allow rule covers it. */
  | "granted"
  /** No allow rule names the capability, or none names the operation or covers the target. */
  | "no_rule"
  /** An allow rule covers the target, but not the operation. */
  | "operation_not_granted"
  /** Allow rules grant the operation, on other targets. */
  | "outside_scope"
  /** A deny rule covers it. */
  | "refused_by_rule"
  /** The target is malformed for its capability, so no allow rule can cover it. */
  | "malformed"
  /** It is a limit, which no rule can grant. */
  | "limit"
  /** No policy can grant it: it is a control operation, or not a request. */
  | "not_grantable";

/** What the nearest rule lacks to grant the request. */
export interface Lack {
  readonly rule: string;
  readonly what:
    | "operation"
    | "path"
    | "host"
    | "port"
    | "command"
    | "arguments"
    | "module"
    | "tool"
    | "target";
  /** What the rule would have to contain. */
  readonly wanted: string;
  /** What it contains instead: its operations, or the patterns of its scope. */
  readonly has: readonly string[];
}

/** An allow rule as a policy document writes it. */
export interface RuleToAdd extends RuleNotes {
  readonly id: string;
  readonly effect: "allow";
  readonly capability: RuleCapability;
  readonly operations: readonly OperationName[];
  readonly paths?: readonly string[];
  readonly hosts?: readonly string[];
  readonly commands?: readonly CommandScope[];
  readonly modules?: readonly string[];
  readonly targets?: readonly string[];
  readonly tools?: readonly string[];
}

/** A decision, its cause, and the change that would reverse it. */
export interface Explanation {
  readonly decision: Decision;
  readonly cause: Cause;
  /** What the nearest rule lacks; undefined if no rule came near, or a rule decided. */
  readonly lack: Lack | undefined;
  /**
   * The smallest change that grants the request: a rule for this operation and this target alone. Undefined if the request is
   * granted already, if a deny rule would still refuse it, or if no rule can name its target.
   */
  readonly change: RuleToAdd | undefined;
  /** The explanation in words; cleaned. */
  readonly message: string;
}
