import { explain } from "../explain/explain.ts";
import type { Cause, RuleToAdd } from "../explain/explanation.ts";
import { freeRuleId } from "../free-rule-id.ts";
import { scopeOf } from "../language/space-of.ts";
import { scopeKeyOf } from "../match/scope.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import { generalize } from "./generalize.ts";
import { lostInRecord } from "./lost-in-record.ts";
import type { RefusedDenial, WiderPattern } from "./suggestion.ts";

/** Most patterns of one rule, as the schema has it. */
const MOST_PATTERNS = 1000;

export interface RulesFor {
  readonly rules: readonly RuleToAdd[];
  readonly wider: readonly WiderPattern[];
  readonly refused: readonly RefusedDenial[];
}

/**
 * Rules that allow requests which a policy denies.
 *
 * @param requests Each once.
 * @param exact Generalizes nothing.
 */
export function rulesFor(policy: Policy, requests: readonly Request[], exact: boolean): RulesFor {
  const refused: RefusedDenial[] = [];
  const changes: RuleToAdd[] = [];
  for (const request of requests) {
    const { change, cause, decision, message } = explain(policy, request);
    const why = lostInRecord(request) ?? (change === undefined ? unsayable(cause) : undefined);
    if (change !== undefined && why === undefined) changes.push(change);
    else refused.push({ request, cause, rule: decision.rule, message: why ?? message });
  }
  const [commands, others] = [true, false].map((isCommand) =>
    changes.filter(({ capability }) => (capability === "subprocess") === isCommand),
  ) as [RuleToAdd[], RuleToAdd[]];
  const rules: RuleToAdd[] = [];
  const wider: WiderPattern[] = [];
  const taken = new Set(policy.rules.map(({ id }) => id));
  // Never generalize commands and their arguments: one that looks alike may do something else.
  const asked = uniqueBy(
    commands.flatMap((change) => change.commands ?? []),
    (command) => JSON.stringify(command),
  );
  for (let at = 0; at < asked.length; at += MOST_PATTERNS) {
    const id = takeId(taken, "allow-subprocess-exec");
    const some = asked.slice(at, at + MOST_PATTERNS);
    rules.push({
      id,
      effect: "allow",
      capability: "subprocess",
      operations: ["exec"],
      commands: some,
    });
  }
  for (const { capability, operations, targets } of groupsOf(others)) {
    const key = scopeKeyOf(capability);
    const patterns = generalize(exact || key === undefined ? "" : key, targets);
    for (let at = 0; at < patterns.length; at += MOST_PATTERNS) {
      const some = patterns.slice(at, at + MOST_PATTERNS);
      const id = takeId(taken, `allow-${capability}-${operations.join("-")}`);
      const scope = key === undefined ? {} : { [key]: some.map(({ pattern }) => pattern) };
      rules.push({ id, effect: "allow", capability, operations, ...scope });
      for (const { pattern, by, targets: from } of some) {
        if (by !== undefined) wider.push({ rule: id, pattern, by, from: from.length });
      }
    }
  }
  return { rules, wider, refused };
}

type Group = Pick<RuleToAdd, "capability" | "operations"> & { readonly targets: readonly string[] };

/** Targets of one capability on which the same operations are wanted. */
function groupsOf(changes: readonly RuleToAdd[]): readonly Group[] {
  const operationsOn = new Map<string, Group & { operations: RuleToAdd["operations"][number][] }>();
  for (const change of changes) {
    const { capability, operations } = change;
    const targets = scopeOf(change);
    const key = JSON.stringify([capability, targets]);
    const known = operationsOn.get(key);
    // One target may have been denied in several spellings: `fs` and `node:fs`, `/a` and `/a/`.
    if (known === undefined)
      operationsOn.set(key, { capability, operations: [...operations], targets });
    else known.operations.push(...operations.filter((each) => !known.operations.includes(each)));
  }
  const alike = Map.groupBy(operationsOn.values(), ({ capability, operations }) =>
    JSON.stringify([capability, operations.toSorted()]),
  );
  return [...alike.values()].flatMap((some) => {
    const [first] = some;
    return first === undefined
      ? []
      : [{ ...first, targets: some.flatMap(({ targets }) => targets) }];
  });
}

/** Why no rule can say what was denied; undefined if the cause says it already. */
function unsayable(cause: Cause): string | undefined {
  return cause === "outside_scope" || cause === "operation_not_granted" || cause === "no_rule"
    ? "no pattern can name this target: a character of it has a meaning in patterns, or cannot be seen"
    : undefined;
}

function uniqueBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

function takeId(taken: Set<string>, wanted: string): string {
  const id = freeRuleId(taken, wanted);
  taken.add(id);
  return id;
}
