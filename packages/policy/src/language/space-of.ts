import { EVERYTHING, scopeKeyOf, type ScopeKey } from "../match/scope.ts";
import type { Rule } from "../policy.ts";
import { canonicalModule, canonicalPath } from "../match/canonical-target.ts";
import { hostSamples } from "./host-samples.ts";
import { nameSamples } from "./name-samples.ts";
import { PATHS } from "./path-language.ts";
import { PatternSpace } from "./pattern-space.ts";
import { SampledSpace } from "./sampled-space.ts";
import type { PatternSet, Space } from "./space.ts";
import { TARGETS } from "./target-language.ts";

const NAMES = "abcdefghijklmnopqrstuvwxyz0123456789-_";

/** How the patterns of each scope tell targets apart. */
const SPACES: Readonly<Record<ScopeKey, (patterns: Iterable<string>) => Space>> = {
  paths: () => new PatternSpace(PATHS),
  hosts: (patterns) => new SampledSpace(hostSamples(patterns)),
  commands: (patterns) =>
    new SampledSpace(
      nameSamples({ canonical: canonicalPath, characters: NAMES, start: "/" }, patterns),
    ),
  modules: (patterns) =>
    new SampledSpace(
      nameSamples({ canonical: canonicalModule, characters: NAMES, start: "" }, patterns),
    ),
  targets: () => new PatternSpace(TARGETS),
};

/** Stands for the scope that rules about `random` do not have: one target, the empty one. */
const EVERY_RANDOM = "*";

/** The space of a capability's targets, as far as the patterns of some rules tell them apart. */
export function spaceOf(capability: string, rules: readonly Rule[]): Space {
  const key = scopeKeyOf(capability);
  return key === undefined
    ? new SampledSpace([{ target: "", coveredBy: [EVERY_RANDOM] }])
    : SPACES[key](new Set(rules.flatMap((rule) => scopeOf(rule))));
}

/** The patterns of a rule's scope. A rule without a scope has the one that covers everything. */
export function scopeOf(rule: Omit<Rule, "id">): PatternSet {
  const key = scopeKeyOf(rule.capability);
  return key === undefined ? [EVERY_RANDOM] : (rule[key] ?? [EVERYTHING[key]]);
}
