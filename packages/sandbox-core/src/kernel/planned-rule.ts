import type { Policy, Rule } from "@pyisolate/policy";

import type { Grant } from "./rights.ts";

/**
 * How the kernel holds one rule of a policy.
 *
 * - `exact`: just what the rule says.
 * - `wider`: it lets through all that the rule grants and more, which the broker alone refuses.
 * - `broker only`: the kernel has no say in it.
 * - `nothing there`: it lets through nothing, since nothing is there yet; a cell that starts later may have it.
 */
export type Hold = "exact" | "wider" | "broker only" | "nothing there";

/** One rule of a policy, and what the kernel makes of it. */
export interface PlannedRule {
  readonly rule: Rule;
  readonly hold: Hold;
  /** For persons: by what it is wider, why it is the broker's alone, what is missing. */
  readonly notes: readonly string[];
  readonly paths: readonly Grant[];
  /** TCP ports that may be connected to. */
  readonly ports: readonly number[] | "all";
  /** Programs that may be executed, by their real paths. */
  readonly commands: readonly string[] | "all";
}

/** What one rule comes to; what is left out is nothing. */
export type RuleOutcome = Pick<PlannedRule, "hold" | "notes"> &
  Partial<Pick<PlannedRule, "paths" | "ports" | "commands">>;

/** The rules of the other effect that speak of the same capability: what one takes from the other is the broker's to know. */
export function opposing(policy: Policy, rule: Rule): readonly Rule[] {
  return policy.rules.filter(
    (other) => other.capability === rule.capability && other.effect !== rule.effect,
  );
}

/** The weakest hold of several parts of a rule. */
export function weakest(holds: readonly Hold[]): Hold {
  const order: readonly Hold[] = ["wider", "nothing there", "exact", "broker only"];
  return order.find((hold) => holds.includes(hold)) ?? "exact";
}
