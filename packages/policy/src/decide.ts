import type { Decision } from "./decision.ts";
import type { Policy, Rule } from "./policy.ts";
import type { Request } from "./request.ts";
import { DEFAULT_RULE } from "./vocabulary.ts";

/** The policy's verdict on a request: deny by default, deny beats allow. */
export function decide(policy: Policy, request: Request): Decision {
  const rules = policy.rules.filter((rule) => rule.capability === request.capability);
  const asked = rules.filter((rule) => rule.operations.includes(request.operation));
  const denied = asked.find((rule) => rule.effect === "deny" && covers(rule, request.target));
  if (denied) return { effect: "deny", rule: denied.id, reason: "explicit_deny" };
  const granted = asked.find((rule) => rule.effect === "allow" && covers(rule, request.target));
  if (granted) return { effect: "allow", rule: granted.id };
  const allows = rules.filter((rule) => rule.effect === "allow");
  const covering = allows.find((rule) => covers(rule, request.target));
  const near = covering ?? allows.find((rule) => rule.operations.includes(request.operation));
  if (near === undefined) return { effect: "deny", rule: DEFAULT_RULE, reason: "no_rule" };
  return covering
    ? { effect: "deny", rule: DEFAULT_RULE, reason: "wrong_operation", nearestRule: { id: near.id, lacked: "operation" } }
    : { effect: "deny", rule: DEFAULT_RULE, reason: "outside_scope", nearestRule: { id: near.id, lacked: "scope" } };
}

function covers(rule: Rule, target: string): boolean {
  if (/(^|\/)\.\.?(\/|$)/.test(target)) return false;
  const exact = rule.commands ?? rule.modules;
  if (exact) return exact.includes(target);
  if (rule.paths) {
    return rule.paths.some((path) =>
      path.startsWith("**/")
        ? target.endsWith(path.slice(2))
        : path.endsWith("/**")
          ? target === path.slice(0, -3) || target.startsWith(path.slice(0, -2))
          : path === target,
    );
  }
  if (rule.hosts) {
    return rule.hosts.some(
      (host) => host === target || (host.endsWith(":*") && target.startsWith(host.slice(0, -1))),
    );
  }
  return rule.capability === "random" || rule.effect === "deny";
}
