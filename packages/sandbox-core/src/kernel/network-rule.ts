import type { Policy, Rule } from "@pyisolate/policy";

import { opposing, type RuleOutcome } from "./planned-rule.ts";

/** The patterns of a rule without `hosts`. */
const EVERYTHING = ["*:*"];

interface Endpoint {
  readonly host: string;
  readonly port: number | "all";
}

/** Turns an allow rule for hosts into TCP ports, because the kernel layer cannot tell addresses apart. */
export function networkRule(policy: Policy, rule: Rule): RuleOutcome {
  const denies = opposing(policy, rule);
  const endpoints = endpointsOf(rule).filter((endpoint) => !isAllDenied(endpoint, denies));
  const notes = new Set<string>();
  for (const { host, port } of endpoints) {
    if (host === "*") continue;
    const where = port === "all" ? "any address and port" : `any address at port ${port}`;
    notes.add(`${host}: Landlock knows ports and no hosts, so TCP to ${where} is granted`);
  }
  for (const deny of denies) {
    if (meet(endpoints, endpointsOf(deny)))
      notes.add(`what the rule ${deny.id} denies at the same ports: Landlock knows no hosts`);
  }
  return {
    hold: notes.size === 0 ? "exact" : "wider",
    notes: [...notes],
    ports: endpoints.some(({ port }) => port === "all")
      ? "all"
      : endpoints.map(({ port }) => Number(port)),
  };
}

/** Whether a deny rule covers a port that the kernel grants: one of an allow rule, which no rule denies for all hosts. */
export function isPortReached(policy: Policy, deny: Rule): boolean {
  const denies = policy.rules.filter(
    ({ capability, effect }) => capability === "network" && effect === "deny",
  );
  return opposing(policy, deny).some((allow) => {
    const granted = endpointsOf(allow).filter((endpoint) => !isAllDenied(endpoint, denies));
    return meet(granted, endpointsOf(deny));
  });
}

/** Whether two lists of endpoints have a port in common. */
function meet(some: readonly Endpoint[], others: readonly Endpoint[]): boolean {
  return some.some((one) =>
    others.some(({ port }) => port === "all" || one.port === "all" || port === one.port),
  );
}

function isAllDenied({ port }: Endpoint, denies: readonly Rule[]): boolean {
  return denies
    .flatMap(endpointsOf)
    .some((denied) => denied.host === "*" && (denied.port === "all" || denied.port === port));
}

function endpointsOf(rule: Rule): Endpoint[] {
  return (rule.hosts ?? EVERYTHING).map((pattern) => {
    const colon = pattern.lastIndexOf(":");
    const port = pattern.slice(colon + 1);
    return { host: pattern.slice(0, colon), port: port === "*" ? "all" : Number(port) };
  });
}
