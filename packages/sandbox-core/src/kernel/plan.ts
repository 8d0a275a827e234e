import type { Policy, Rule } from "@pyisolate/policy";

import { commandRule, takesArguments } from "./command-rule.ts";
import { type Disk, hostDisk } from "./disk.ts";
import { filesystemRule } from "./filesystem-rule.ts";
import { isPortReached, networkRule } from "./network-rule.ts";
import { treesOf } from "./pattern-to-trees.ts";
import type { PlannedRule, RuleOutcome } from "./planned-rule.ts";
import { type Grant, merged } from "./rights.ts";
import { bitsOf, treeIndex } from "./tree-index.ts";

/** The most that a confined cell can do, whatever code runs in it: a policy as far as Linux can express it. */
export interface KernelPlan {
  readonly policyName: string;
  readonly policyHash: string;
  /** One entry for each rule of the policy, in the policy's order. */
  readonly rules: readonly PlannedRule[];
  /** The grants of all rules together. A cell also gets what it needs to run. */
  readonly paths: readonly Grant[];
  readonly ports: readonly number[] | "all";
  readonly commands: readonly string[] | "all";
}

/**
 * Compiles a policy into what the kernel can enforce. For files that exist, the plan is never narrower than the policy, and only
 * as much wider as Linux makes necessary. For paths, it depends on what is on the disk now.
 */
export function kernelPlan(policy: Policy, disk: Disk = hostDisk): KernelPlan {
  const rules = policy.rules.map((rule): PlannedRule => {
    const outcome = outcomeOf(policy, rule, disk);
    return { rule, paths: [], ports: [], commands: [], ...outcome };
  });
  return {
    policyName: policy.name,
    policyHash: policy.hash,
    rules,
    paths: merged(rules.flatMap(({ paths }) => paths)),
    ports: together(rules.map(({ ports }) => ports)),
    commands: together(rules.map(({ commands }) => commands)),
  };
}

/** Whether cells that are started with either plan are confined in the same way. */
export function isSamePlan(one: KernelPlan, other: KernelPlan): boolean {
  const held = ({ paths, ports, commands }: KernelPlan): string =>
    JSON.stringify([paths, ports, commands]);
  return one === other || held(one) === held(other);
}

function outcomeOf(policy: Policy, rule: Rule, disk: Disk): RuleOutcome {
  switch (rule.capability) {
    case "filesystem":
    case "network":
    case "subprocess":
      return rule.effect === "deny" ? denial(policy, rule) : allowance(policy, rule, disk);
    case "import":
      return { hold: "broker only", notes: ["modules come from the host as text"] };
    case "tool":
      return { hold: "broker only", notes: ["tools are functions of the host"] };
    case "random":
      return { hold: "broker only", notes: ["the kernel gives random numbers to every process"] };
    default:
      return { hold: "broker only", notes: ["the host's own guards ask for it; no guest can"] };
  }
}

function allowance(policy: Policy, rule: Rule, disk: Disk): RuleOutcome {
  if (rule.capability === "filesystem") return filesystemRule(policy, rule, disk);
  return rule.capability === "network"
    ? networkRule(policy, rule)
    : commandRule(policy, rule, disk);
}

/** A deny rule needs nothing from the kernel unless an allow rule grants what it denies, and the kernel cannot express it if one does. */
function denial(policy: Policy, rule: Rule): RuleOutcome {
  return isReached(policy, rule)
    ? {
        hold: "broker only",
        notes: ["it takes from what other rules grant; the kernel only grants"],
      }
    : { hold: "exact", notes: [] };
}

function isReached(policy: Policy, rule: Rule): boolean {
  if (rule.capability === "network") return isPortReached(policy, rule);
  if (rule.capability === "subprocess") return takesArguments(policy, rule);
  const allows = treeIndex(policy, "allow");
  const denied = bitsOf(rule.operations);
  return treesOf(rule).some(({ path, covers }) => {
    const below = covers === "one" ? 0 : allows.operationsBelow(path);
    return ((allows.operationsAbove(path) | below) & denied) !== 0;
  });
}

function together<T>(parts: readonly (readonly T[] | "all")[]): readonly T[] | "all" {
  const some: T[] = [];
  for (const part of parts) {
    if (part === "all") return "all";
    some.push(...part);
  }
  return [...new Set(some)].toSorted((a, b) => (a < b ? -1 : 1));
}
