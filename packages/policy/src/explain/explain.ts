import { operationsOf } from "../capabilities.ts";
import { decide } from "../decide.ts";
import type { Decision } from "../decision.ts";
import { inWords } from "../describe-value.ts";
import { InvalidPolicyError } from "../errors.ts";
import { freeRuleId } from "../free-rule-id.ts";
import { canonicalPath } from "../match/canonical-target.ts";
import { CELL_PLACEHOLDER } from "../match/cell-placeholder.ts";
import { commandLine } from "../match/command-line.ts";
import { scopeKeyOf, scopingOf } from "../match/scope.ts";
import { parsePolicy } from "../parse/parse.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import type { Cause, Explanation, Lack, RuleToAdd } from "./explanation.ts";
import { lackOf, type Target } from "./nearest-lack.ts";
import { inSentence, limitInWords } from "./words.ts";

/**
 * Explains why a policy decides a request as it does, what the nearest rule lacks, and the smallest change that would grant it.
 *
 * @remarks Pure. Made for people: it reads all rules of the policy and costs far more than `decide`, whose verdict it explains.
 *
 * @example
 * explain(policy, { capability: "filesystem", operation: "read", target: "/etc/shadow" }).change;
 * // { id: "allow-filesystem-read", effect: "allow", capability: "filesystem", operations: ["read"], paths: ["/etc/shadow"] }
 */
export function explain(policy: Policy, request: Request): Explanation {
  const decision = decide(policy, request);
  const told = (cause: Cause, lack?: Lack, change?: RuleToAdd): Explanation => ({
    decision,
    cause,
    lack,
    change,
    message: messageOf(policy, request, decision, cause, lack),
  });
  const target = targetOf(policy, request);
  if (target === "limit" || target === "not_grantable") return told(target);
  if (decision.effect === "allow") return told("granted");
  if (decision.reason === "explicit_deny") return told("refused_by_rule");
  if (target === "malformed") return told("malformed");
  const { reason } = decision;
  const cause = reason === "wrong_operation" ? "operation_not_granted" : reason;
  const nearest = policy.rules.find(({ id }) => id === decision.nearestRule?.id);
  const lack = nearest && lackOf(nearest, request.operation, target, cause);
  return told(cause, lack, ruleFor(policy, request, target));
}

function targetOf(
  { capabilities }: Policy,
  { capability, operation, target, args = [] }: Request,
): Target | "malformed" | "limit" | "not_grantable" {
  // The values may be a guest's. Using an object as a property's name would call the object's own `toString`.
  if (typeof (capability as unknown) !== "string") return "not_grantable";
  const operations = operationsOf(capability, capabilities);
  if (operations?.includes(operation) !== true) return "not_grantable";
  if (capability === "limit") return "limit";
  if (capability === "control") return "not_grantable";
  const scoping = scopingOf(capability);
  if (typeof target !== "string") {
    return scoping.tellsMalformed === true ? "malformed" : "not_grantable";
  }
  const canonical = scoping.canonical(target, args);
  if (canonical === null) return "malformed";
  return capability === "subprocess"
    ? { capability, canonical: canonicalPath(target) ?? target, args }
    : { capability, canonical, args: [] };
}

/** A rule for one operation on one target; undefined if a policy cannot name the target, such as a path with a star in it. */
function ruleFor(
  { capabilities, rules }: Policy,
  { operation }: Request,
  { capability, canonical, args }: Target,
): RuleToAdd | undefined {
  const key = scopeKeyOf(capability);
  // In a rule a star is a wildcard, so the rule would cover other targets too.
  if ([canonical, ...args].some((text) => text.includes("*"))) return undefined;
  // In a rule's path `${cell}` stands for each cell's name: the rule would open other paths to every cell, and not this one.
  if (key === "paths" && canonical.includes(CELL_PLACEHOLDER)) return undefined;
  const rule: RuleToAdd = {
    id: freeRuleId(new Set(rules.map(({ id }) => id)), `allow-${capability}-${operation}`),
    effect: "allow",
    capability,
    operations: [operation],
    ...(key !== undefined && {
      [key]: [capability === "subprocess" ? { path: canonical, args } : canonical],
    }),
  };
  try {
    parsePolicy({ version: 1, name: "one rule", capabilities, rules: [rule] });
    return rule;
  } catch (error) {
    if (error instanceof InvalidPolicyError) return undefined;
    throw error;
  }
}

function messageOf(
  { limits }: Policy,
  { capability, operation, target, args }: Request,
  decision: Decision,
  why: Cause,
  lack: Lack | undefined,
): string {
  const what =
    capability === "subprocess" && isText(target) && isTexts(args)
      ? commandLine(target, args)
      : target;
  return inSentence({
    capability: inWords(capability),
    operation: inWords(operation),
    target: inWords(what),
    why,
    rule: decision.rule,
    notes: decision,
    limit: why === "limit" ? limitInWords(operation, limits) : undefined,
    lack,
  });
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Left out, there are none. */
function isTexts(list: unknown): list is readonly string[] | undefined {
  return (
    list === undefined || (Array.isArray(list) && list.every((item) => typeof item === "string"))
  );
}
