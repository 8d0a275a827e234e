import { isBuiltIn, operationsOf } from "./capabilities.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { freeRuleId } from "./free-rule-id.ts";
import { CELL_PLACE } from "./match/cell-place.ts";
import { hostOf } from "./match/host-pattern.ts";
import { InvalidPolicyError } from "./errors.ts";
import { inWords } from "./describe-value.ts";
import { parsePolicy } from "./parse/parse.ts";
import { commandLine } from "./match/command-line.ts";
import { canonicalPath } from "./match/canonical-target.ts";
import type { CommandScope, Policy, Rule } from "./policy.ts";
import type { RuleNotes } from "./rule-notes.ts";
import type { Request } from "./request.ts";
import { scopeKeyOf, scopingOf } from "./match/scope.ts";
import { quoted } from "./clean-text.ts";
import type { OperationName, RuleCapability } from "./vocabulary.ts";

/** Why a request was decided in this way. */
export type Cause =
  /** An allow rule covers it. */
  | "granted"
  /** No allow rule names the capability, or none names the operation or covers the target. */
  | "no_rule"
  /** An allow rule covers the target, but not the operation. */
  | "operation_not_granted"
  /** Allow rules grant the operation, on other targets. */
  | "outside_scope"
  /** A deny rule covers it. */
  | "refused_by_rule"
  /** The target is malformed for its capability, so no allow rule can cover it. */
  | "malformed"
  /** No policy can grant it: it is a control operation, a limit, or not a request. */
  | "not_grantable";

/** What the nearest rule lacks to grant the request. */
export interface Lack {
  readonly rule: string;
  readonly what:
    | "operation"
    | "path"
    | "host"
    | "port"
    | "command"
    | "arguments"
    | "module"
    | "tool"
    | "target";
  /** What the rule would have to contain. */
  readonly wanted: string;
  /** What it contains instead: its operations, or the patterns of its scope. */
  readonly has: readonly string[];
}

/** An allow rule as a policy document writes it. */
export interface RuleToAdd extends RuleNotes {
  readonly id: string;
  readonly effect: "allow";
  readonly capability: RuleCapability;
  readonly operations: readonly OperationName[];
  readonly paths?: readonly string[];
  readonly hosts?: readonly string[];
  readonly commands?: readonly CommandScope[];
  readonly modules?: readonly string[];
  readonly targets?: readonly string[];
  readonly tools?: readonly string[];
}

/** A decision, its cause, and the change that would reverse it. */
export interface Explanation {
  readonly decision: Decision;
  readonly cause: Cause;
  /** What the nearest rule lacks; undefined if no rule came near, or a rule decided. */
  readonly lack: Lack | undefined;
  /**
   * The smallest change that grants the request: a rule for this operation and this target alone. Undefined if the request is
   * granted already, if a deny rule would still refuse it, or if no rule can name its target.
   */
  readonly change: RuleToAdd | undefined;
  /** The explanation in words; cleaned. */
  readonly message: string;
}

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
  const target = targetOf(policy, request);
  if (target === "not_grantable") return told(decision, "not_grantable", request);
  if (decision.effect === "allow") return told(decision, "granted", request);
  if (decision.reason === "explicit_deny") return told(decision, "refused_by_rule", request);
  if (target === "malformed") return told(decision, "malformed", request);
  const { reason } = decision;
  const cause = reason === "wrong_operation" ? "operation_not_granted" : reason;
  const nearest = policy.rules.find(({ id }) => id === decision.nearestRule?.id);
  const lack = nearest && lackOf(nearest, request, target, cause);
  return told(decision, cause, request, lack, ruleFor(policy, request, target));
}

interface Target {
  readonly capability: RuleCapability;
  /** The target as a rule names it. */
  readonly canonical: string;
  /** subprocess: its arguments. */
  readonly args: readonly string[];
}

function targetOf(
  { capabilities }: Policy,
  { capability, operation, target, args = [] }: Request,
): Target | "malformed" | "not_grantable" {
  if (capability === "control" || capability === "limit") return "not_grantable";
  // The values may be a guest's. Using an object as a property's name would call the object's own `toString`.
  if (typeof (capability as unknown) !== "string") return "not_grantable";
  const operations = operationsOf(capability, capabilities);
  if (operations?.includes(operation) !== true) return "not_grantable";
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

function lackOf(rule: Rule, { operation }: Request, target: Target, cause: Cause): Lack {
  if (cause === "operation_not_granted") {
    return { rule: rule.id, what: "operation", wanted: operation, has: rule.operations };
  }
  const { canonical, args } = target;
  if (rule.commands !== undefined) {
    const has = rule.commands.map((scope) =>
      typeof scope === "string" ? scope : commandLine(scope.path, scope.args),
    );
    const isKnown = rule.commands.some(
      (scope) => typeof scope === "object" && scope.path === canonical,
    );
    const what = isKnown ? "arguments" : "command";
    return { rule: rule.id, what, wanted: commandLine(canonical, args), has };
  }
  const has = rule.paths ?? rule.hosts ?? rule.modules ?? rule.tools ?? rule.targets ?? [];
  return { rule: rule.id, what: whatOf(rule, canonical), wanted: canonical, has };
}

function whatOf({ capability, hosts }: Rule, target: string): Lack["what"] {
  if (capability === "network") {
    const host = hostOf(target);
    return hosts?.some((pattern) => hostOf(pattern) === host) === true ? "port" : "host";
  }
  if (capability === "import") return "module";
  if (capability === "tool") return "tool";
  return isBuiltIn(capability) ? "path" : "target";
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
  if (key === "paths" && canonical.includes(CELL_PLACE)) return undefined;
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

function told(
  decision: Decision,
  cause: Cause,
  request: Request,
  lack?: Lack,
  change?: RuleToAdd,
): Explanation {
  const why = `${WORDS[cause](decision.rule)}${notesInWords(decision)}`;
  const nearest = lack === undefined ? "" : `; ${lackInWords(lack)}`;
  const { capability, operation, target, args } = request;
  const what =
    capability === "subprocess" && typeof target === "string" && isTexts(args)
      ? commandLine(target, args)
      : target;
  const asked = `${inWords(capability)} ${inWords(operation)} of ${inWords(what)}`;
  return { decision, cause, lack, change, message: `${asked}: ${why}${nearest}` };
}

function isTexts(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every((item) => typeof item === "string");
}

const WORDS: Readonly<Record<Cause, (rule: string) => string>> = {
  granted: (rule) => `granted by rule "${rule}"`,
  no_rule: () => "no rule grants this operation, and none covers this target",
  operation_not_granted: () => "a rule covers this target, but does not grant this operation",
  outside_scope: () => "rules grant this operation, but none on this target",
  refused_by_rule: (rule) =>
    `refused by rule "${rule}", which denies; no rule that is added can grant it`,
  malformed: () => "not a valid target of this capability, so no rule can grant it",
  not_grantable: () => "no policy can grant this",
};

function notesInWords({ description, owner }: RuleNotes): string {
  const why = description === undefined ? "" : `, described as "${description}"`;
  return `${why}${owner === undefined ? "" : `, owned by "${owner}"`}`;
}

function lackInWords({ rule, what, wanted, has }: Lack): string {
  const shown = has.slice(0, 5).map((each) => quoted(each));
  const more = has.length > shown.length ? ` and ${has.length - shown.length} more` : "";
  return `the nearest rule "${rule}" lacks the ${what} ${quoted(wanted)}: it has ${shown.join(", ")}${more}`;
}
