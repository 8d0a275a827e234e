import type { RuleNotes } from "./rule-notes.ts";

/** The allow rule that came closest to a request that no rule granted, and what it lacked. */
export interface NearestRule {
  readonly id: string;
  readonly lacked: "operation" | "scope";
}

/**
 * The policy's verdict on one request. `rule` is a rule id of that policy, or `default`; `description` and `owner` are what the policy
 * says of it, if anything.
 */
export type Decision =
  | ({ readonly effect: "allow"; readonly rule: string } & RuleNotes)
  | ({
      readonly effect: "deny";
      readonly rule: string;
      /** `malformed` is said of a declared capability's targets only; guards of sandbox-core say it themselves, before they ask. */
      readonly reason:
        | "no_rule"
        | "explicit_deny"
        | "wrong_operation"
        | "outside_scope"
        | "malformed";
      readonly nearestRule?: NearestRule;
    } & RuleNotes);
