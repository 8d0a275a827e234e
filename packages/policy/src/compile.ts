import type { Decision } from "./decision.ts";
import type { Policy, Rule } from "./policy.ts";
import { SCOPE_KEYS, type Scoping, SCOPINGS } from "./scope.ts";
import { DEFAULT_RULE, type GuardedCapability, OPERATIONS } from "./vocabulary.ts";

/** A rule made ready: every decision that it can lead to exists already, so that deciding allocates nothing. */
export interface CompiledRule {
  covers(target: string): boolean;
  /** How near the rule comes to a target that it does not cover. */
  nearness(target: string): number;
  /** No scope: covers every target, malformed ones too. */
  readonly unscoped: boolean;
  /** The verdict where this rule decides. */
  readonly verdict: Decision;
  /** The verdict where this rule grants the operation, and comes nearest. */
  readonly outsideScope: Decision;
  /** The verdict where this rule covers the target, but does not grant the operation. */
  readonly wrongOperation: Decision;
}

/** The rules that speak of one operation, in the order of the document, and the others that might have granted it. */
export interface CompiledOperation {
  readonly denies: readonly CompiledRule[];
  readonly allows: readonly CompiledRule[];
  /** Allow rules of the same capability for other operations. */
  readonly others: readonly CompiledRule[];
}

export interface CompiledCapability {
  readonly canonical: (target: string) => string | null;
  readonly operations: ReadonlyMap<string, CompiledOperation>;
}

export type CompiledPolicy = ReadonlyMap<string, CompiledCapability>;

// Beside the policy and not on it: a policy stays plain data, and what was not made here decides nothing.
const compiledPolicies = new WeakMap<object, CompiledPolicy>();

/** What `decide` uses of a policy; undefined for what `parsePolicy` has not made. */
export function compiledPolicy(policy: Policy): CompiledPolicy | undefined {
  return compiledPolicies.get(policy);
}

/** Whether a value is a policy that has been compiled. */
export function isCompiled(value: unknown): value is Policy {
  return typeof value === "object" && value !== null && compiledPolicies.has(value);
}

/** Makes a policy ready for `decide`, once. */
export function compilePolicy(policy: Policy): void {
  const byCapability = Map.groupBy(policy.rules, (rule) => rule.capability);
  const compiled = new Map<string, CompiledCapability>();
  for (const [capability, rules] of byCapability) {
    compiled.set(capability, compileCapability(capability, rules));
  }
  compiledPolicies.set(policy, compiled);
}

function compileCapability(
  capability: GuardedCapability,
  rules: readonly Rule[],
): CompiledCapability {
  const scoping = SCOPINGS[capability];
  const pairs = rules.map((rule) => ({ rule, compiled: compileRule(rule, scoping) }));
  const select = (effect: Rule["effect"], speaksOf: (rule: Rule) => boolean): CompiledRule[] =>
    pairs
      .filter(({ rule }) => rule.effect === effect && speaksOf(rule))
      .map(({ compiled }) => compiled);
  const operations = new Map<string, CompiledOperation>();
  for (const operation of OPERATIONS[capability]) {
    const speaksOf = (rule: Rule): boolean => rule.operations.includes(operation);
    operations.set(operation, {
      denies: select("deny", speaksOf),
      allows: select("allow", speaksOf),
      others: select("allow", (rule) => !speaksOf(rule)),
    });
  }
  return { canonical: scoping.canonical, operations };
}

function compileRule(rule: Rule, scoping: Scoping): CompiledRule {
  const { id, capability } = rule;
  const patterns = capability === "random" ? undefined : rule[SCOPE_KEYS[capability]];
  const tests = patterns?.map((pattern) => scoping.compile(pattern));
  const lacking = (
    reason: "outside_scope" | "wrong_operation",
    lacked: "scope" | "operation",
  ): Decision =>
    Object.freeze({
      effect: "deny",
      rule: DEFAULT_RULE,
      reason,
      nearestRule: Object.freeze({ id, lacked }),
    });
  return {
    covers: coverage(tests),
    nearness: (target) => {
      let nearest = 0;
      for (const pattern of patterns ?? []) {
        nearest = Math.max(nearest, scoping.nearness(pattern, target));
      }
      return nearest;
    },
    unscoped: tests === undefined,
    verdict: Object.freeze(
      rule.effect === "allow"
        ? { effect: "allow", rule: id }
        : { effect: "deny", rule: id, reason: "explicit_deny" },
    ),
    outsideScope: lacking("outside_scope", "scope"),
    wrongOperation: lacking("wrong_operation", "operation"),
  };
}

function coverage(
  tests: readonly ((target: string) => boolean)[] | undefined,
): (target: string) => boolean {
  if (tests === undefined) return () => true;
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (target) => {
    for (const test of tests) if (test(target)) return true;
    return false;
  };
}
