import type { Policy, Rule } from "@pyisolate/policy";

import { notesOnDenies, opposing, type RuleOutcome, rulesOf } from "./planned-rule.ts";

/** The patterns of a rule without `hosts`. */
const EVERYTHING = ["*:*"];

interface Endpoint {
  readonly host: string;
  readonly port: number | "all";
}

/** Turns an allow rule for hosts into TCP ports, because the kernel layer cannot tell addresses apart. */
export function networkRule(policy: Policy, rule: Rule): RuleOutcome {
  const denies = opposing(policy, rule);
  const everywhere = deniedEverywhere(policy);
  const reached = endpointsOf(rule).filter((endpoint) => !isAllDenied(endpoint, everywhere));
  const notes = new Set<string>();
  for (const { host, port } of reached) {
    if (host === "*") continue;
    const where = port === "all" ? "any address and port" : `any address at port ${port}`;
    notes.add(`${host}: Landlock knows ports and no hosts, so TCP to ${where} is granted`);
  }
  const meeting = denies.filter((deny) => meet(reached, endpointsOf(deny)));
  const ids = meeting.map(({ id }) => id);
  for (const note of notesOnDenies(
    ids,
    (what) => `${what} at the same ports: Landlock knows no hosts`,
  )) {
    notes.add(note);
  }
  return {
    hold: notes.size === 0 ? "exact" : "wider",
    notes: [...notes],
    ports: reached.some(({ port }) => port === "all")
      ? "all"
      : reached.map(({ port }) => Number(port)),
  };
}

/** Whether a deny rule covers a port that the kernel grants: one of an allow rule, which no rule denies for all hosts. */
export function isPortReached(policy: Policy, deny: Rule): boolean {
  const everywhere = deniedEverywhere(policy);
  const denied = endpointsOf(deny);
  return opposing(policy, deny).some((allow) => {
    const granted = endpointsOf(allow).filter((endpoint) => !isAllDenied(endpoint, everywhere));
    return meet(granted, denied);
  });
}

/** The ports that a policy's rules deny for all hosts. */
const everywhereDenied = new WeakMap<Policy, ReadonlySet<Endpoint["port"]>>();

function deniedEverywhere(policy: Policy): ReadonlySet<Endpoint["port"]> {
  const known = everywhereDenied.get(policy);
  if (known !== undefined) return known;
  const denied = rulesOf(policy, "deny", "network")
    .flatMap(endpointsOf)
    .filter(({ host }) => host === "*");
  const ports = new Set(denied.map(({ port }) => port));
  everywhereDenied.set(policy, ports);
  return ports;
}

/** Whether two lists of endpoints have a port in common. */
function meet(some: readonly Endpoint[], others: readonly Endpoint[]): boolean {
  return some.some((one) =>
    others.some(({ port }) => port === "all" || one.port === "all" || port === one.port),
  );
}

function isAllDenied({ port }: Endpoint, everywhere: ReadonlySet<Endpoint["port"]>): boolean {
  return everywhere.has("all") || everywhere.has(port);
}

/** What each rule's patterns have become. Every other rule of a policy may ask for it. */
const endpoints = new WeakMap<Rule, readonly Endpoint[]>();

function endpointsOf(rule: Rule): readonly Endpoint[] {
  const known = endpoints.get(rule);
  if (known !== undefined) return known;
  const made = (rule.hosts ?? EVERYTHING).map((pattern): Endpoint => {
    const colon = pattern.lastIndexOf(":");
    const port = pattern.slice(colon + 1);
    return { host: pattern.slice(0, colon), port: port === "*" ? "all" : Number(port) };
  });
  endpoints.set(rule, made);
  return made;
}
