import type { RuleToAdd } from "../explain/explanation.ts";
import type { Policy } from "../policy.ts";
import { documentOf } from "./document-of.ts";
import { parsePolicy } from "./parse.ts";

/**
 * A policy with more rules, after its own.
 *
 * @throws InvalidPolicyError if they are none, or have ids that the policy has.
 */
export function withRules(policy: Policy, rules: readonly RuleToAdd[]): Policy {
  const document = documentOf(policy);
  return parsePolicy({ ...document, rules: [...document.rules, ...rules] });
}
