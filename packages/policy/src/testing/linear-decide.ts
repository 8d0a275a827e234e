import { contains, parseAddress } from "../match/address.ts";
import { hostOf, type HostPattern, readHost } from "../match/host-pattern.ts";
import type { CommandScope, Decision, Policy, Request, Rule } from "../index.ts";
import { scopeKeyOf } from "../match/scope.ts";
import {
  canonicalEndpoint,
  canonicalModule,
  canonicalPath,
  canonicalTarget,
} from "../match/canonical-target.ts";
import { isToolName } from "../match/tool-name.ts";
import { CAPABILITIES } from "../vocabulary.ts";
import { coversArguments } from "./linear-arguments.ts";
import { compilePath } from "./linear-path.ts";
import { compileTarget } from "./linear-target.ts";

// How decisions were found before there was an index: each rule in turn, each pattern by itself. Kept as it was, so that
// what the index says can be compared with it, and so that its time can.

/** The verdict of a policy, by asking each rule. */
export function linearDecide(policy: Policy): (request: Request) => Decision {
  const rules = policy.rules.map(compileRule);
  const memo = new Map<string, Operation>();
  return ({ capability, operation, target, args = [] }) => {
    const key = `${capability} ${operation}`;
    let compiled = memo.get(key);
    if (compiled === undefined) {
      compiled = operationOf(rules, capability, operation);
      memo.set(key, compiled);
    }
    return verdict(compiled, capability, target, args);
  };
}

interface CompiledRule {
  readonly rule: Rule;
  readonly covers: (target: string, args: readonly string[]) => boolean;
  readonly nearness: (target: string, args: readonly string[] | null) => number;
}

interface Operation {
  readonly denies: readonly CompiledRule[];
  readonly allows: readonly CompiledRule[];
  readonly others: readonly CompiledRule[];
}

function operationOf(
  rules: readonly CompiledRule[],
  capability: string,
  operation: string,
): Operation {
  const own = rules.filter(({ rule }) => rule.capability === capability);
  const speaksOf = ({ rule }: CompiledRule): boolean =>
    rule.operations.some((each) => each === operation);
  const allows = own.filter(({ rule }) => rule.effect === "allow");
  return {
    denies: own.filter((each) => each.rule.effect === "deny" && speaksOf(each)),
    allows: allows.filter(speaksOf),
    others: allows.filter((each) => !speaksOf(each)),
  };
}

function verdict(
  { denies, allows, others }: Operation,
  capability: string,
  target: string,
  args: readonly string[],
): Decision {
  const canonical = canonicalOf(capability, target);
  if (canonical === null) {
    const unscoped = denies.find(({ rule }) => patternsOf(rule) === undefined);
    if (unscoped !== undefined) return explicit(unscoped.rule);
    return isBuiltIn(capability) ? nearest(allows, target, null) : MALFORMED;
  }
  for (const { rule, covers } of denies) if (covers(canonical, args)) return explicit(rule);
  for (const { rule, covers } of allows) {
    if (covers(canonical, args)) return { effect: "allow", rule: rule.id };
  }
  for (const { rule, covers } of others) {
    if (covers(canonical, args)) return lacking(rule, "wrong_operation", "operation");
  }
  return nearest(allows, canonical, args);
}

const MALFORMED: Decision = { effect: "deny", rule: "default", reason: "malformed" };

function isBuiltIn(capability: string): boolean {
  return CAPABILITIES.some((name) => name === capability);
}

function canonicalOf(capability: string, target: string): string | null {
  if (!isBuiltIn(capability)) return canonicalTarget(target);
  if (capability === "network") return canonicalEndpoint(target);
  if (capability === "import") return canonicalModule(target);
  if (capability === "tool") return isToolName(target) ? target : null;
  return capability === "random" ? "" : canonicalPath(target);
}

/** @param args Null for a malformed target: of a command, only the start of its path is compared. */
function nearest(
  rules: readonly CompiledRule[],
  target: string,
  args: readonly string[] | null,
): Decision {
  let found: Decision = { effect: "deny", rule: "default", reason: "no_rule" };
  let best = -1;
  for (const { rule, nearness } of rules) {
    const near = rules.length === 1 ? 0 : nearness(target, args);
    if (near > best) {
      best = near;
      found = lacking(rule, "outside_scope", "scope");
    }
  }
  return found;
}

function explicit({ id }: Rule): Decision {
  return { effect: "deny", rule: id, reason: "explicit_deny" };
}

function lacking(
  { id }: Rule,
  reason: "outside_scope" | "wrong_operation",
  lacked: "scope" | "operation",
): Decision {
  return { effect: "deny", rule: "default", reason, nearestRule: { id, lacked } };
}

function patternsOf(rule: Rule): readonly CommandScope[] | undefined {
  const key = scopeKeyOf(rule.capability);
  return key === undefined ? undefined : rule[key];
}

function compileRule(rule: Rule): CompiledRule {
  const patterns = patternsOf(rule);
  const tests = patterns?.map((pattern) => compilePattern(rule.capability, pattern));
  return {
    rule,
    covers: (target, args) => tests === undefined || tests.some((covers) => covers(target, args)),
    nearness: (target, args) =>
      Math.max(
        0,
        ...(patterns ?? []).map((pattern) => nearness(rule.capability, pattern, target, args)),
      ),
  };
}

function compilePattern(
  capability: string,
  pattern: CommandScope,
): (target: string, args: readonly string[]) => boolean {
  if (typeof pattern === "object")
    return (target, args) => target === pattern.path && coversArguments(pattern.args, args);
  if (capability === "filesystem") return compilePath(pattern);
  if (capability === "network") {
    const read = readHost(pattern);
    return typeof read === "string" ? () => false : compileHost(read);
  }
  if (capability === "tool" || !isBuiltIn(capability)) return compileTarget(pattern);
  const name = capability === "import" ? (canonicalModule(pattern) ?? pattern) : pattern;
  return name === "*" ? () => true : (target) => target === name;
}

function nearness(
  capability: string,
  pattern: CommandScope,
  target: string,
  args: readonly string[] | null,
): number {
  if (typeof pattern === "object" || capability === "subprocess") {
    if (args !== null) return sharedStart(lineOf(pattern), joined(target, args));
    // A rule for one command is nearer than one for every command, whatever they share.
    return pattern === "*" ? 0 : 1 + sharedStart(lineOf(pattern), target);
  }
  if (capability !== "network") return sharedStart(pattern, target);
  const [wanted, asked] = [hostOf(pattern), hostOf(target)];
  if (wanted === asked) return Number.MAX_SAFE_INTEGER;
  return Math.max(sharedStart(wanted, asked), sharedEnd(wanted, asked));
}

/** A pattern as {@link joined} makes it, without the `**` at its end. */
function lineOf(command: CommandScope): string {
  if (typeof command === "string") return command;
  const { path, args } = command;
  return joined(path, args.at(-1) === "**" ? args.slice(0, -1) : args);
}

/** A command line with each argument after a mark of its own. */
function joined(path: string, args: readonly string[]): string {
  return [path, ...args.map((argument) => argument || "\u0002")].join("\u0001");
}

function sharedStart(pattern: string, target: string): number {
  let shared = 0;
  while (shared < pattern.length && pattern.charCodeAt(shared) === target.charCodeAt(shared)) {
    shared += 1;
  }
  return shared;
}

function sharedEnd(pattern: string, target: string): number {
  let shared = 0;
  while (shared < pattern.length && pattern.at(-1 - shared) === target.at(-1 - shared)) shared += 1;
  return shared;
}

/** Compiles a pattern. The matcher takes `host:port` in its one spelling. */
function compileHost({ host, block, port }: HostPattern): (endpoint: string) => boolean {
  const portMatches = portMatcher(port);
  if (block !== undefined) {
    return (endpoint) => {
      if (!portMatches(endpoint)) return false;
      const address = parseAddress(hostOf(endpoint));
      return address !== null && contains(block, address);
    };
  }
  if (host === "*") return portMatches;
  if (host.startsWith("*.")) {
    const end = host.slice(1);
    if (port !== "*") {
      const exactEnd = `${end}:${port}`;
      return (endpoint) => endpoint.endsWith(exactEnd);
    }
    return (endpoint) => endpoint.endsWith(end, endpoint.lastIndexOf(":"));
  }
  const start = `${host}:`;
  if (port === "*") return (endpoint) => endpoint.startsWith(start);
  const exact = start + port;
  return (endpoint) => endpoint === exact;
}

function portMatcher(port: string): (endpoint: string) => boolean {
  if (port === "*") return () => true;
  const end = `:${port}`;
  return (endpoint) => endpoint.endsWith(end);
}
