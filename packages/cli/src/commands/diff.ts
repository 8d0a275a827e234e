import type { LimitChange, Policy, PolicyChange } from "@pyisolate/policy";

import type { Command, OptionTable } from "../command.ts";
import { policyOrMistakes } from "../policy-file.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS = {
  "--json": {
    help: 'the same for programs: [{ capability, operation, change, witness, rule }]\nchange is "allowed" or "denied"; a limit is of the capability limit',
  },
} as const satisfies OptionTable;

export const diff: Command<typeof OPTIONS> = {
  name: "diff",
  summary: "says what one policy allows or denies that another does not",
  operands: ["BEFORE", "AFTER"],
  about: `Compares what two policies allow, over every request that there is: nothing is sampled. Each line is + for what AFTER newly
allows, or - for what it newly denies, with the shortest target on which they differ and the rule of AFTER that decides it.
Where AFTER denies by default, the line says which rule of BEFORE had allowed it.

  + filesystem read, list: /srv/logs (rule "logs")
  - network connect: api.example.com:443 (default; rule "api" allowed it)

Rules in another order or written in another way make no line. Limits follow, with what they were and are.`,
  options: OPTIONS,
  notes: `Exit code: 0 where they decide every request alike and have the same limits; 1 where they differ, or one does not load; 2 for
wrong usage.`,
  async run({ options, operands: [one = "", other = ""] }, { terminal }) {
    const before = await policyOrMistakes(one, terminal);
    const after = await policyOrMistakes(other, terminal);
    if (before === undefined || after === undefined) return 1;
    const { diffLimits, diffPolicies } = await import("@pyisolate/policy");
    const changes = diffPolicies(before, after);
    const limits = diffLimits(before, after);
    if (options["--json"] === true) terminal.json([...changes, ...limits]);
    else await print(terminal, before, after, changes, limits);
    return changes.length + limits.length === 0 ? 0 : 1;
  },
};

async function print(
  terminal: Terminal,
  before: Policy,
  after: Policy,
  changes: readonly PolicyChange[],
  limits: readonly LimitChange[],
): Promise<void> {
  const { decide } = await import("@pyisolate/policy");
  if (changes.length === 0) terminal.out("Both decide every request alike.", "good");
  // Operations that differ in the same targets share a line.
  const alike = Map.groupBy(changes, ({ capability, change, witness, rule }) =>
    JSON.stringify([capability, change, witness, rule]),
  );
  for (const [first, ...others] of alike.values()) {
    if (first === undefined) continue;
    const { capability, change, witness, rule, operation } = first;
    const operations = [first, ...others].map((each) => each.operation).join(", ");
    const was = decide(before, { capability, operation, target: witness });
    terminal.out(
      `${SIGNS[change]} ${capability} ${operations}${witness === "" ? "" : `: ${witness}`} (${decider(rule, was.rule)})`,
      TONES[change],
    );
  }
  for (const { change, operation, rule } of limits) {
    const [from, to] = [before, after].map((policy) => amount(policy, operation));
    terminal.out(`${SIGNS[change]} ${rule}: ${from}, now ${to}`, TONES[change]);
  }
}

const SIGNS = { allowed: "+", denied: "-" } as const;
const TONES = { allowed: "bad", denied: "good" } as const;

/** @param was The rule that decided before, which matters where the later policy denies by default. */
function decider(rule: string, was: string): string {
  return rule === "default" ? `default; rule "${was}" allowed it` : `rule "${rule}"`;
}

function amount({ limits }: Policy, operation: string): number | undefined {
  return Object.entries(limits).find(([name]) => name.startsWith(operation))?.[1] as
    | number
    | undefined;
}
