import { compileHost, hostOf, readHost } from "./host-pattern.ts";
import { compilePath } from "./path-pattern.ts";
import type { Rule } from "./policy.ts";
import { canonicalEndpoint, canonicalModule, canonicalPath } from "./target.ts";
import type { GuardedCapability } from "./vocabulary.ts";

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

/** How one capability's targets are read, and compared with the scope of its rules. */
export interface Scoping {
  /** A target in its one spelling; null for what no allow rule covers. */
  readonly canonical: (target: string) => string | null;
  /** Compiles one pattern of a rule into a test of a canonical target. */
  readonly compile: (pattern: string) => (target: string) => boolean;
  /** How near a target is to a pattern that does not cover it: the characters they share from their start. */
  readonly nearness: (pattern: string, target: string) => number;
}

export const SCOPINGS: Readonly<Record<GuardedCapability, Scoping>> = {
  filesystem: { canonical: canonicalPath, compile: compilePath, nearness: sharedStart },
  network: {
    canonical: canonicalEndpoint,
    compile: (pattern) => {
      const read = readHost(pattern);
      return typeof read === "string" ? () => false : compileHost(read);
    },
    // Names are near where their ends agree, addresses where their starts do; the same host at another port is nearest.
    nearness: (pattern, target) => {
      const [wanted, asked] = [hostOf(pattern), hostOf(target)];
      if (wanted === asked) return Number.MAX_SAFE_INTEGER;
      return Math.max(sharedStart(wanted, asked), sharedEnd(wanted, asked));
    },
  },
  subprocess: { canonical: canonicalPath, compile: literal, nearness: sharedStart },
  import: {
    canonical: canonicalModule,
    compile: (pattern) => literal(canonicalModule(pattern) ?? pattern),
    nearness: sharedStart,
  },
  random: { canonical: () => "", compile: literal, nearness: () => 0 },
};

/** The text itself, or `*` for every one. */
function literal(pattern: string): (target: string) => boolean {
  return pattern === "*" ? () => true : (target) => target === pattern;
}

function sharedStart(pattern: string, target: string): number {
  let shared = 0;
  while (shared < pattern.length && pattern.charCodeAt(shared) === target.charCodeAt(shared)) {
    shared += 1;
  }
  return shared;
}

function sharedEnd(pattern: string, target: string): number {
  let shared = 0;
  while (shared < pattern.length && pattern.at(-1 - shared) === target.at(-1 - shared)) shared += 1;
  return shared;
}
