import type { PolicyChange } from "../diff/diff-policies.ts";
import type { Cause, RuleToAdd } from "../explain/explanation.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import type { Generalization } from "./generalize.ts";

/** A denial that stays, and why. */
export interface RefusedDenial {
  readonly request: Request;
  /** `refused_by_rule` if a deny rule refuses it, which no added rule can overcome. */
  readonly cause: Cause;
  /** The rule that decides: the deny rule's id, or `default`. */
  readonly rule: string;
  /** The reason in words; cleaned. */
  readonly message: string;
}

/** A pattern of a suggested rule that covers more than the targets that were denied. */
export interface WiderPattern {
  /** The id of the suggested rule. */
  readonly rule: string;
  readonly pattern: string;
  readonly by: Generalization;
  /** How many different targets it stands for. */
  readonly from: number;
}

/** Rules that would allow some denials, and what else they would allow. */
export interface Suggestion {
  /** The rules to add to the policy, in the form of its document. Empty if there is nothing to allow. */
  readonly rules: readonly RuleToAdd[];
  /** Everything that they newly allow: what `diffPolicies` says of the policy with them. */
  readonly opens: readonly PolicyChange[];
  /** How many of the given denials the policy with the rules allows that it denies without them. */
  readonly covers: number;
  /** How many of the given denials the policy allows already. */
  readonly granted: number;
  /** The denials that no rule is suggested for, each request once. */
  readonly refused: readonly RefusedDenial[];
  readonly wider: readonly WiderPattern[];
  /** The policy with the rules. The policy itself if there are none. */
  readonly policy: Policy;
}
