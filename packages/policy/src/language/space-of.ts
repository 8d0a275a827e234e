import { EVERYTHING, scopeKeyOf, type ScopeKey } from "../match/scope.ts";
import type { Rule } from "../policy.ts";
import { canonicalModule } from "../match/canonical-target.ts";
import { commandPattern } from "../match/command-index.ts";
import type { Effort } from "./effort.ts";
import { COMMANDS } from "./command-language.ts";
import { hostSamples } from "./host-samples.ts";
import { nameSamples } from "./name-samples.ts";
import { PATHS } from "./path-language.ts";
import { PatternSpace } from "./pattern-space.ts";
import { SampledSpace } from "./sampled-space.ts";
import type { PatternSet, Space } from "./space.ts";
import { TOOLS } from "./tool-language.ts";
import { TARGETS } from "./target-language.ts";

const NAMES = "abcdefghijklmnopqrstuvwxyz0123456789-_";

/** How the patterns of each scope tell targets apart. */
const SPACES: Readonly<Record<ScopeKey, (patterns: Iterable<string>, effort: Effort) => Space>> = {
  paths: (patterns, effort) => new PatternSpace(PATHS, patterns, effort),
  hosts: (patterns, effort) => new SampledSpace(hostSamples(patterns, effort), effort),
  commands: (patterns, effort) => new PatternSpace(COMMANDS, patterns, effort),
  modules: (patterns, effort) =>
    new SampledSpace(
      nameSamples({ canonical: canonicalModule, characters: NAMES, start: "" }, patterns),
      effort,
    ),
  tools: (patterns, effort) => new PatternSpace(TOOLS, patterns, effort),
  targets: (patterns, effort) => new PatternSpace(TARGETS, patterns, effort),
};

/** Stands for the scope that rules about `random` do not have: one target, the empty one. */
const EVERY_RANDOM = "*";

/** The space of a capability's targets, as far as the patterns of some rules tell them apart. @param effort What all that is asked of it may cost. */
export function spaceOf(capability: string, rules: readonly Rule[], effort: Effort): Space {
  const key = scopeKeyOf(capability);
  return key === undefined
    ? new SampledSpace([{ target: "", coveredBy: [EVERY_RANDOM] }], effort)
    : SPACES[key](new Set(rules.flatMap((rule) => scopeOf(rule))), effort);
}

/** The patterns of a rule's scope. A rule without a scope has the one that covers everything. */
export function scopeOf(rule: Omit<Rule, "id">): PatternSet {
  const key = scopeKeyOf(rule.capability);
  if (key === undefined) return [EVERY_RANDOM];
  if (key === "commands") return (rule.commands ?? [EVERYTHING.commands]).map(commandPattern);
  return rule[key] ?? [EVERYTHING[key]];
}
