import { type OwnCapabilities, operationsOf } from "./capabilities.ts";
import type { Decision } from "./decision.ts";
import type { Policy, Rule } from "./policy.ts";
import type { RuleNotes } from "./rule-notes.ts";
import { notesOf } from "./rule-notes.ts";
import { NO_RANK, type NearIndex, type RankIndex } from "./match/rule-rank.ts";
import { patternsOf, type Scoping, scopingOf } from "./match/scope.ts";
import { DEFAULT_RULE } from "./vocabulary.ts";

/** The rules of one operation, prepared for `decide`: every decision that they can lead to is made in advance. */
export interface CompiledOperation {
  /** The patterns of the rules by rank. */
  readonly covering: RankIndex;
  /** The least rank of a rule without a scope, which covers every target; {@link NO_RANK} if there is none. */
  readonly unscoped: number;
  /** By rank: the verdict if that rank is the least that covers the target. */
  readonly verdicts: readonly Decision[];
  /** The first deny rule without a scope. It decides malformed targets, which no pattern covers. */
  readonly unscopedDeny: Decision | undefined;
  /** The allow rules that grant the operation, by an index of their own. */
  readonly near: NearIndex;
  /** By that index: the verdict if the rule comes nearest to a target that no rule covers. */
  readonly outsideScope: readonly Decision[];
}

export interface CompiledCapability {
  readonly canonical: Scoping["canonical"];
  /** A target without a canonical spelling, as `near` of an operation takes it. */
  readonly spelt: (target: string) => string;
  /** The verdict on a malformed target; undefined where the nearest rule explains the denial instead. */
  readonly malformed: Decision | undefined;
  readonly operations: ReadonlyMap<string, CompiledOperation>;
}

export interface CompiledPolicy {
  readonly capabilities: ReadonlyMap<string, CompiledCapability>;
  /** The verdict on what no rule speaks of. */
  readonly noRule: Decision;
}

// Keep the compiled form in a map and not on the policy: a policy stays plain data, and an object that was not made here decides
// nothing.
const compiledPolicies = new WeakMap<object, CompiledPolicy>();

/** The compiled form of a policy, for `decide`; undefined for an object that `parsePolicy` did not make. */
export function compiledPolicy(policy: Policy): CompiledPolicy | undefined {
  return compiledPolicies.get(policy);
}

/** Whether a value is a policy that has been compiled. */
export function isCompiled(value: unknown): value is Policy {
  return typeof value === "object" && value !== null && compiledPolicies.has(value);
}

/** Prepares a policy for `decide`, once. */
export function compilePolicy(policy: Policy): void {
  const { capabilities, rules } = policy;
  const byDefault = notesOf(policy.default);
  const byCapability = Map.groupBy<string, Rule>(rules, (rule) => rule.capability);
  // A declared capability without a rule needs an entry too: its malformed targets are denied as `malformed`, not as `no_rule`.
  for (const name of Object.keys(capabilities)) {
    if (!byCapability.has(name)) byCapability.set(name, []);
  }
  const compiled = new Map<string, CompiledCapability>();
  for (const [capability, own] of byCapability) {
    compiled.set(capability, compileCapability(capability, own, { capabilities, byDefault }));
  }
  const noRule = decided({ effect: "deny", rule: DEFAULT_RULE, reason: "no_rule", ...byDefault });
  compiledPolicies.set(policy, { capabilities: compiled, noRule });
}

function compileCapability(
  capability: string,
  rules: readonly Rule[],
  { capabilities, byDefault }: { readonly capabilities: OwnCapabilities; byDefault: RuleNotes },
): CompiledCapability {
  const scoping = scopingOf(capability);
  const operations = new Map<string, CompiledOperation>();
  const compiled = new Map<string, CompiledOperation>();
  for (const operation of operationsOf(capability, capabilities) ?? []) {
    const speaking = rules.map((rule) => rule.operations.includes(operation));
    // Operations that occur in the same rules share one compiled form. Most policies name few operations, so few indexes are
    // made.
    const key = speaking.map(Number).join("");
    const known = compiled.get(key);
    const made = known ?? compileOperation(rules, speaking, scoping, byDefault);
    compiled.set(key, made);
    operations.set(operation, made);
  }
  const malformed =
    scoping.tellsMalformed === true
      ? decided({ effect: "deny", rule: DEFAULT_RULE, reason: "malformed", ...byDefault })
      : undefined;
  const { canonical, malformed: spelt = (target: string) => target } = scoping;
  return { canonical, spelt, malformed, operations };
}

function compileOperation(
  rules: readonly Rule[],
  speaking: readonly boolean[],
  scoping: Scoping,
  byDefault: RuleNotes,
): CompiledOperation {
  const select = (effect: Rule["effect"], speaks: boolean): Rule[] =>
    rules.filter((rule, at) => rule.effect === effect && speaking[at] === speaks);
  const denies = select("deny", true);
  const allows = select("allow", true);
  // Allow rules for other operations: they explain a denial by `wrong_operation`.
  const others = select("allow", false);
  const ranked = [...denies, ...allows, ...others];
  const covering = scoping.covering();
  for (const [rank, rule] of ranked.entries()) {
    for (const pattern of patternsOf(rule) ?? []) covering.add(pattern, rank);
  }
  const near = scoping.near();
  for (const [rank, rule] of allows.entries()) {
    for (const pattern of patternsOf(rule) ?? []) near.add(pattern, rank);
  }
  const unscoped = ranked.findIndex((rule) => patternsOf(rule) === undefined);
  const unscopedDeny = denies.find((rule) => patternsOf(rule) === undefined);
  return {
    covering,
    unscoped: unscoped < 0 ? NO_RANK : unscoped,
    verdicts: [
      ...denies.map(refusing),
      ...allows.map((rule) => decided({ effect: "allow", rule: rule.id, ...notesOf(rule) })),
      ...others.map(({ id }) => lacking(id, "operation", byDefault)),
    ],
    unscopedDeny: unscopedDeny && refusing(unscopedDeny),
    near,
    outsideScope: allows.map(({ id }) => lacking(id, "scope", byDefault)),
  };
}

function refusing(rule: Rule): Decision {
  return decided({ effect: "deny", rule: rule.id, reason: "explicit_deny", ...notesOf(rule) });
}

function decided(decision: Decision): Decision {
  return Object.freeze(decision);
}

/** @param byDefault The default decides: the rule that came near does not, so its notes are not told. */
function lacking(id: string, lacked: "scope" | "operation", byDefault: RuleNotes): Decision {
  const reason = lacked === "scope" ? "outside_scope" : "wrong_operation";
  const nearestRule = Object.freeze({ id, lacked });
  return decided({ effect: "deny", rule: DEFAULT_RULE, reason, nearestRule, ...byDefault });
}
