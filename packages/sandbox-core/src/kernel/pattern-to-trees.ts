import type { Rule } from "@pyisolate/policy";

/** The part of a policy's path pattern that Landlock can express: one path, with or without all that is below it. */
export interface PathTree {
  /** The part before the first wildcard. */
  readonly path: string;
  /** `one`: this path alone. `tree`: the path and all below it. `some`: only a part of what is below it. */
  readonly covers: "one" | "tree" | "some";
}

/** What each rule's patterns have become. Every other rule of a policy may ask for it. */
const trees = new WeakMap<Rule, readonly PathTree[]>();

/** The trees of a rule's patterns; all of the file system for a rule without any. */
export function treesOf(rule: Rule): readonly PathTree[] {
  const known = trees.get(rule);
  if (known !== undefined) return known;
  const made = (rule.paths ?? ["/**"]).map(pathTree);
  trees.set(rule, made);
  return made;
}

/** Converts a pattern that a policy has accepted: literal segments, `*` within a segment, `**` for any number of segments. */
export function pathTree(pattern: string): PathTree {
  const segments = pattern.split("/").filter((segment) => segment !== "");
  const literal = segments.findIndex((segment) => segment.includes("*"));
  const path = `/${segments.slice(0, literal < 0 ? segments.length : literal).join("/")}`;
  if (literal < 0) return { path, covers: "one" };
  const isTree = segments.slice(literal).every((segment) => segment === "**");
  return { path, covers: isTree ? "tree" : "some" };
}
