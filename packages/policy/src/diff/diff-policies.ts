import { compareOperation, type OperationChange, type Side } from "./compare-operation.ts";
import { Effort } from "../language/effort.ts";
import { spaceOf } from "../language/space-of.ts";
import type { Policy, Rule } from "../policy.ts";
import { operationsOf } from "../capabilities.ts";
import { GUARDED_CAPABILITIES, type OperationName, type RuleCapability } from "../vocabulary.ts";

/** Requests of one operation that two policies decide differently. */
export interface PolicyChange extends OperationChange {
  readonly capability: RuleCapability;
  readonly operation: OperationName;
}

/**
 * Compares what two policies allow, over every request that there is: none is sampled. For each operation it tells what is newly
 * allowed, once for each rule of `after` that allows some of it, and what is newly denied, once for each deny rule of `after` that
 * denies some of it, and once for each rule of `before` that allowed what no rule of `after` decides.
 *
 * @returns No change if and only if `decide` allows the same requests under both. Which rule decides may differ all the same, and
 *   so may the limits: see `diffLimits`.
 * @throws TooEntangledError if the patterns are so many, or overlap in so many ways, that the comparison would take more than about two
 *   seconds or 200 MB.
 *
 * @example
 * diffPolicies(before, after);
 * // [{ capability: "filesystem", operation: "read", change: "allowed", witness: "/srv/logs", rule: "logs" }]
 */
export function diffPolicies(before: Policy, after: Policy): readonly PolicyChange[] {
  const policies = [before, after];
  const effort = new Effort();
  const declared = policies.flatMap(({ capabilities }) => Object.keys(capabilities));
  return [...new Set<string>([...GUARDED_CAPABILITIES, ...declared])].flatMap((capability) => {
    // What a policy does not declare it denies, as it denies what none of its rules speaks of.
    const operations = policies.flatMap(
      ({ capabilities }) => operationsOf(capability, capabilities) ?? [],
    );
    return compareCapability(
      capability,
      [...new Set(operations)],
      rulesOf(before, capability),
      rulesOf(after, capability),
      effort,
    );
  });
}

function compareCapability(
  capability: string,
  operations: readonly string[],
  before: readonly Rule[],
  after: readonly Rule[],
  effort: Effort,
): readonly PolicyChange[] {
  if (before.length + after.length === 0) return [];
  const space = spaceOf(capability, [...before, ...after], effort);
  // Operations that occur in the same rules differ in the same targets.
  const compared = new Map<string, readonly OperationChange[]>();
  return operations.flatMap((operation) => {
    const sides = [before, after].map((rules) => sideOf(rules, operation)) as [Side, Side];
    const key = sides
      .map(({ allows, denies }) => [...allows, ...denies].map(({ id }) => id).join(" "))
      .join("/");
    const changes = compared.get(key) ?? compareOperation(space, ...sides);
    compared.set(key, changes);
    return changes.map((change) => ({ capability, operation, ...change }));
  });
}

function rulesOf({ rules }: Policy, capability: string): readonly Rule[] {
  return rules.filter((rule) => rule.capability === capability);
}

function sideOf(rules: readonly Rule[], operation: string): Side {
  const speaking = rules.filter(({ operations }) => operations.includes(operation));
  return {
    allows: speaking.filter(({ effect }) => effect === "allow"),
    denies: speaking.filter(({ effect }) => effect === "deny"),
  };
}
