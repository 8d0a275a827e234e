import type { Policy, Rule } from "@pyisolate/policy";

import type { Grant } from "./rights.ts";

/**
 * How the kernel enforces one rule of a policy.
 *
 * - `exact`: exactly what the rule says.
 * - `wider`: it lets through everything that the rule grants and more, which the broker alone refuses.
 * - `broker only`: the kernel does not govern it.
 * - `nothing there`: it lets through nothing, because no such file exists yet. A cell that is started later may get it.
 */
export type Hold = "exact" | "wider" | "broker only" | "nothing there";

/** One rule of a policy, and how the kernel enforces it. */
export interface PlannedRule {
  readonly rule: Rule;
  readonly hold: Hold;
  /** For people: in what it is wider, why the broker alone enforces it, or what is missing. */
  readonly notes: readonly string[];
  readonly paths: readonly Grant[];
  /** TCP ports that the cell may connect to. */
  readonly ports: readonly number[] | "all";
  /** Programs that the cell may execute, by their real paths. */
  readonly commands: readonly string[] | "all";
}

/** The outcome of one rule; a field that is left out grants nothing. */
export type RuleOutcome = Pick<PlannedRule, "hold" | "notes"> &
  Partial<Pick<PlannedRule, "paths" | "ports" | "commands">>;

/** The rules of the other effect for the same capability. Where an allow and a deny rule overlap, only the broker can tell. */
export function opposing(policy: Policy, rule: Rule): readonly Rule[] {
  return policy.rules.filter(
    (other) => other.capability === rule.capability && other.effect !== rule.effect,
  );
}

/** The weakest hold among the parts of a rule. */
export function weakest(holds: readonly Hold[]): Hold {
  const order: readonly Hold[] = ["wider", "nothing there", "exact", "broker only"];
  return order.find((hold) => holds.includes(hold)) ?? "exact";
}
