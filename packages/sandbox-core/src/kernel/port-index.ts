import type { Rule } from "@pyisolate/policy";

import { type Met, metAmong } from "./planned-rule.ts";
import { RuleBits, RulePlaces } from "./rule-bits.ts";

/** The port of a host pattern. */
export type Port = number | "all";

/** Rules for hosts by the ports of their patterns: 5,000 rules are not compared with 5,000 others. */
export class PortIndex {
  readonly #rules: readonly Rule[];
  readonly #byPort: RulePlaces<Port>;
  readonly #any: number[] = [];
  readonly #met = new Map<string, Met>();

  /** @param portsOf The ports of a rule that count. */
  constructor(rules: readonly Rule[], portsOf: (rule: Rule) => readonly Port[]) {
    this.#rules = rules;
    this.#byPort = new RulePlaces(rules.length);
    for (const [place, rule] of rules.entries()) {
      const ports = portsOf(rule);
      for (const port of ports) this.#byPort.add(port, place);
      if (ports.length > 0) this.#any.push(place);
    }
  }

  /** Whether a rule has one of these ports. */
  meets(ports: readonly Port[]): boolean {
    if (ports.length === 0) return false;
    if (this.#byPort.has("all") || ports.includes("all")) return this.#any.length > 0;
    return ports.some((port) => this.#byPort.has(port));
  }

  /** The rules that have one of these ports. */
  meeting(ports: readonly Port[]): Met {
    const distinct = new Set(ports);
    const key = distinct.has("all") ? "all" : [...distinct].join(" ");
    const met = this.#met.get(key) ?? this.#find(distinct);
    this.#met.set(key, met);
    return met;
  }

  #find(ports: ReadonlySet<Port>): Met {
    const found = new RuleBits(this.#rules.length);
    if (ports.has("all")) found.add(this.#any);
    else if (ports.size > 0)
      for (const port of [...ports, "all" as const]) this.#byPort.joinTo(found, port);
    return metAmong(this.#rules, found);
  }
}
