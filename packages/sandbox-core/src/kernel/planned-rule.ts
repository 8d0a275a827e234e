import type { Policy, Rule } from "@pyisolate/policy";

import type { Grant } from "./rights.ts";
import type { RuleBits } from "./rule-bits.ts";

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

/** A policy's rules by effect and capability, so that a plan of 10,000 rules does not pick them anew for each. */
const kinds = new WeakMap<Policy, ReadonlyMap<string, readonly Rule[]>>();

/** The rules of the other effect for the same capability. Where an allow and a deny rule overlap, only the broker can tell. */
export function opposing(policy: Policy, { capability, effect }: Rule): readonly Rule[] {
  return rulesOf(policy, effect === "allow" ? "deny" : "allow", capability);
}

/** The rules of an effect for a capability, in the policy's order. */
export function rulesOf(
  policy: Policy,
  effect: Rule["effect"],
  capability: string,
): readonly Rule[] {
  let known = kinds.get(policy);
  if (known === undefined) {
    known = Map.groupBy(policy.rules, (rule) => `${rule.effect} ${rule.capability}`);
    kinds.set(policy, known);
  }
  return known.get(`${effect} ${capability}`) ?? [];
}

/** Most deny rules that a note names. Each of 5,000 allow rules may meet 5,000 others. */
const MOST_NAMED = 20;

/** The rules of the other effect that a rule meets. */
export interface Met {
  /** The ids of the first of them, at most {@link MOST_NAMED}. */
  readonly named: readonly string[];
  readonly count: number;
}

/** Those of a list that are in a set. */
export function metAmong(rules: readonly Rule[], found: RuleBits): Met {
  const named = found.first(MOST_NAMED).map((place) => rules[place]?.id ?? "");
  return { named, count: found.count };
}

/** All of a list. */
export function allMet(rules: readonly Rule[]): Met {
  return { named: rules.slice(0, MOST_NAMED).map(({ id }) => id), count: rules.length };
}

/** A note for each deny rule, and one for all that are too many to be named. */
export function notesOnDenies(
  { named, count }: Met,
  note: (what: string) => string,
): readonly string[] {
  const notes = named.map((id) => note(`what the rule ${id} denies`));
  const more = count - named.length;
  return more === 0 ? notes : [...notes, note(`what ${more} more rules deny`)];
}

/** The weakest hold among the parts of a rule. */
export function weakest(holds: readonly Hold[]): Hold {
  const order: readonly Hold[] = ["wider", "nothing there", "exact", "broker only"];
  return order.find((hold) => holds.includes(hold)) ?? "exact";
}
