import {
  canonicalCommand,
  commandPattern,
  coveringCommands,
  malformedCommand,
  nearCommands,
} from "./command-index.ts";
import { unbound } from "./cell-placeholder.ts";
import { HostIndex, NearHosts } from "./host-index.ts";
import { NameIndex } from "./name-index.ts";
import { PathIndex } from "./path-index.ts";
import type { Rule } from "../policy.ts";
import { PrefixTree } from "./prefix-tree.ts";
import type { NearIndex, RankIndex } from "./rule-rank.ts";
import {
  canonicalEndpoint,
  canonicalModule,
  canonicalPath,
  canonicalTarget,
} from "./canonical-target.ts";
import { TargetIndex } from "./target-index.ts";
import { canonicalTool } from "./tool-name.ts";
import type { GuardedCapability } from "../vocabulary.ts";

/** The key of a rule that holds its scope. `random` has none. */
export const SCOPE_KEYS = {
  filesystem: "paths",
  network: "hosts",
  subprocess: "commands",
  import: "modules",
  tool: "tools",
} as const satisfies Partial<Record<GuardedCapability, keyof Rule>>;
/** The key of a rule for a declared capability that holds its scope. */
export const OWN_SCOPE_KEY = "targets";
export type ScopeKey = (typeof SCOPE_KEYS)[keyof typeof SCOPE_KEYS] | typeof OWN_SCOPE_KEY;

/** The key that holds the scope of a capability's rules; undefined for `random`. */
export function scopeKeyOf(capability: string): ScopeKey | undefined {
  if (capability === "random") return undefined;
  return Object.hasOwn(SCOPE_KEYS, capability)
    ? SCOPE_KEYS[capability as keyof typeof SCOPE_KEYS]
    : OWN_SCOPE_KEY;
}

/** The pattern that grants all targets, for authors who mean it. */
export const EVERYTHING = {
  paths: "/**",
  hosts: "*:*",
  commands: "*",
  modules: "*",
  targets: "**",
  tools: "**",
} as const satisfies Record<ScopeKey, string>;

/** How one capability's targets are normalized and compared with the scopes of its rules. */
export interface Scoping {
  /**
   * The canonical spelling of a target, and for a command of its arguments; null for a target that no allow rule can cover.
   */
  readonly canonical: (target: string, args?: readonly string[]) => string | null;
  /** Whether `decide` says `malformed` of such a target, and does not explain it by the nearest rule. */
  readonly tellsMalformed?: true;
  /** Makes an index of patterns by the targets that they cover. */
  readonly covering: () => RankIndex;
  /** Makes an index of patterns by the targets that they come near without covering. */
  readonly near: () => NearIndex;
  /** A target without a canonical spelling as `near` takes it; left out: as it is. */
  readonly malformed?: (target: string) => string;
}

const SCOPINGS: Readonly<Record<GuardedCapability, Scoping>> = {
  filesystem: { canonical: canonicalPath, covering: () => new PathIndex(), near: nearStarts },
  network: {
    canonical: canonicalEndpoint,
    covering: () => new HostIndex(),
    near: () => new NearHosts(),
  },
  subprocess: {
    canonical: canonicalCommand,
    covering: coveringCommands,
    near: nearCommands,
    malformed: malformedCommand,
  },
  import: {
    canonical: canonicalModule,
    covering: () => new NameIndex(canonicalModule),
    near: nearStarts,
  },
  tool: { canonical: canonicalTool, covering: () => new TargetIndex(), near: nearStarts },
  // Rules for random numbers have no patterns.
  random: { canonical: () => "", covering: namesAsWritten, near: nearStarts },
};

/** How the targets of every declared capability are compared. */
const OWN_SCOPING: Scoping = {
  canonical: canonicalTarget,
  tellsMalformed: true,
  covering: () => new TargetIndex(),
  near: nearStarts,
};

/** @param capability One that can be granted, or one that the policy declares. */
export function scopingOf(capability: string): Scoping {
  return Object.hasOwn(SCOPINGS, capability)
    ? SCOPINGS[capability as GuardedCapability]
    : OWN_SCOPING;
}

/** The patterns of a rule's scope, as the indexes take them; undefined for a rule that covers everything. */
export function patternsOf(rule: Rule): readonly string[] | undefined {
  const key = scopeKeyOf(rule.capability);
  if (key === undefined) return undefined;
  if (key === "commands") return rule.commands?.map(commandPattern);
  return key === "paths" ? rule.paths?.map((path) => unbound(path, rule.effect)) : rule[key];
}

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
