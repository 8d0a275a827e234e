import type { Policy, Rule } from "@pyisolate/policy";

import { notesOnDenies, type RuleOutcome, rulesOf } from "./planned-rule.ts";
import { type Port, PortIndex } from "./port-index.ts";

/** The patterns of a rule without `hosts`. */
const EVERYTHING = ["*:*"];

interface Endpoint {
  readonly host: string;
  readonly port: Port;
}

/** Turns an allow rule for hosts into TCP ports, because the kernel layer cannot tell addresses apart. */
export function networkRule(policy: Policy, rule: Rule): RuleOutcome {
  const { denied, everywhere } = together(policy);
  const reached = endpointsOf(rule).filter((endpoint) => !isAllDenied(endpoint, everywhere));
  const notes = new Set<string>();
  for (const { host, port } of reached) {
    if (host === "*") continue;
    const where = port === "all" ? "any address and port" : `any address at port ${port}`;
    notes.add(`${host}: Landlock knows ports and no hosts, so TCP to ${where} is granted`);
  }
  for (const note of notesOnDenies(
    denied.meeting(reached.map(({ port }) => port)),
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
  return together(policy).granted.meets(endpointsOf(deny).map(({ port }) => port));
}

/** What a policy's rules say of ports together. */
interface Together {
  /** The ports that rules deny for all hosts. */
  readonly everywhere: ReadonlySet<Port>;
  readonly denied: PortIndex;
  /** The ports of allow rules, without those. */
  readonly granted: PortIndex;
}

const known = new WeakMap<Policy, Together>();

function together(policy: Policy): Together {
  const made = known.get(policy) ?? compared(policy);
  known.set(policy, made);
  return made;
}

function compared(policy: Policy): Together {
  const denies = rulesOf(policy, "deny", "network");
  const denied = denies.flatMap(endpointsOf).filter(({ host }) => host === "*");
  const everywhere = new Set(denied.map(({ port }) => port));
  const portsOf = (rule: Rule): Port[] => endpointsOf(rule).map(({ port }) => port);
  return {
    everywhere,
    denied: new PortIndex(denies, portsOf),
    granted: new PortIndex(rulesOf(policy, "allow", "network"), (rule) =>
      endpointsOf(rule)
        .filter((endpoint) => !isAllDenied(endpoint, everywhere))
        .map(({ port }) => port),
    ),
  };
}

function isAllDenied({ port }: Endpoint, everywhere: ReadonlySet<Port>): boolean {
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
