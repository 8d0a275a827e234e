import { HostIndex, NearHosts } from "./host-index.ts";
import { NameIndex } from "./name-index.ts";
import { PathIndex } from "./path-index.ts";
import type { Rule } from "../policy.ts";
import { PrefixTree } from "./prefix-tree.ts";
import type { NearIndex, RankIndex } from "./rank.ts";
import { canonicalEndpoint, canonicalModule, canonicalPath } from "./target.ts";
import type { GuardedCapability } from "../vocabulary.ts";

/** The key of a rule that says what it is about. `random` has none. */
export const SCOPE_KEYS = {
  filesystem: "paths",
  network: "hosts",
  subprocess: "commands",
  import: "modules",
} as const satisfies Partial<Record<GuardedCapability, keyof Rule>>;
export type ScopeKey = (typeof SCOPE_KEYS)[keyof typeof SCOPE_KEYS];

/** How to grant everything of a capability on purpose. */
export const EVERYTHING = {
  paths: "/**",
  hosts: "*:*",
  commands: "*",
  modules: "*",
} as const satisfies Record<ScopeKey, string>;

/** How one capability's targets are read, and compared with the scopes of its rules. */
export interface Scoping {
  /** A target in its one spelling; null for what no allow rule covers. */
  readonly canonical: (target: string) => string | null;
  /** Where patterns are found by the targets that they cover. */
  readonly covering: () => RankIndex;
  /** Where patterns are found by the targets that they do not cover and come near. */
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
  // Its rules have no patterns.
  random: { canonical: () => "", covering: namesAsWritten, near: nearStarts },
};

function namesAsWritten(): RankIndex {
  return new NameIndex((name) => name);
}

/** A target is near to a pattern by the characters that they share from their start. */
function nearStarts(): NearIndex {
  const starts = new PrefixTree();
  return {
    add: (pattern, rank) => {
      starts.add(pattern, rank);
    },
    nearest: (target) => starts.longest(target).rank,
  };
}
