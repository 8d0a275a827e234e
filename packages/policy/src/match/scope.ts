import { HostIndex, NearHosts } from "./host-index.ts";
import { NameIndex } from "./name-index.ts";
import { PathIndex } from "./path-index.ts";
import type { Rule } from "../policy.ts";
import { PrefixTree } from "./prefix-tree.ts";
import type { NearIndex, RankIndex } from "./rule-rank.ts";
import { canonicalEndpoint, canonicalModule, canonicalPath } from "./canonical-target.ts";
import type { GuardedCapability } from "../vocabulary.ts";

/** The key of a rule that holds its scope. `random` has none. */
export const SCOPE_KEYS = {
  filesystem: "paths",
  network: "hosts",
  subprocess: "commands",
  import: "modules",
} as const satisfies Partial<Record<GuardedCapability, keyof Rule>>;
export type ScopeKey = (typeof SCOPE_KEYS)[keyof typeof SCOPE_KEYS];

/** The pattern that grants all targets, for authors who mean it. */
export const EVERYTHING = {
  paths: "/**",
  hosts: "*:*",
  commands: "*",
  modules: "*",
} as const satisfies Record<ScopeKey, string>;

/** How one capability's targets are normalized and compared with the scopes of its rules. */
export interface Scoping {
  /** The canonical spelling of a target; null for a target that no allow rule can cover. */
  readonly canonical: (target: string) => string | null;
  /** Makes an index of patterns by the targets that they cover. */
  readonly covering: () => RankIndex;
  /** Makes an index of patterns by the targets that they come near without covering. */
  readonly near: () => NearIndex;
}

export const SCOPINGS: Readonly<Record<GuardedCapability, Scoping>> = {
  filesystem: { canonical: canonicalPath, covering: () => new PathIndex(), near: nearStarts },
  network: {
    canonical: canonicalEndpoint,
    covering: () => new HostIndex(),
    near: () => new NearHosts(),
  },
  subprocess: { canonical: canonicalPath, covering: namesAsWritten, near: nearStarts },
  import: {
    canonical: canonicalModule,
    covering: () => new NameIndex(canonicalModule),
    near: nearStarts,
  },
  // Rules for random numbers have no patterns.
  random: { canonical: () => "", covering: namesAsWritten, near: nearStarts },
};

function namesAsWritten(): RankIndex {
  return new NameIndex((name) => name);
}

/** Makes an index for which a target is near to a pattern if both share their first characters. */
function nearStarts(): NearIndex {
  const starts = new PrefixTree();
  return {
    add: (pattern, rank) => {
      starts.add(pattern, rank);
    },
    nearest: (target) => starts.longest(target).rank,
  };
}
