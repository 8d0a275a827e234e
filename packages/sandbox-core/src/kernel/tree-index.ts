import type { Policy, Rule } from "@pyisolate/policy";

import { type PathTree, treesOf } from "./pattern-to-trees.ts";
import { rulesOf } from "./planned-rule.ts";
import { parentOf } from "./rights.ts";

/** A tree of a rule. */
export interface RuleTree {
  readonly tree: PathTree;
  readonly rule: Rule;
}

const indexes = new WeakMap<Policy, Map<Rule["effect"], TreeIndex>>();

/** The trees of a policy's rules for files of one effect. */
export function treeIndex(policy: Policy, effect: Rule["effect"]): TreeIndex {
  const known = indexes.get(policy) ?? new Map<Rule["effect"], TreeIndex>();
  indexes.set(policy, known);
  const index = known.get(effect) ?? new TreeIndex(rulesOf(policy, effect, "filesystem"));
  known.set(effect, index);
  return index;
}

/** Trees by their roots: 5,000 rules are not compared with 5,000 others. */
class TreeIndex {
  readonly #byPath = new Map<string, RuleTree[]>();
  readonly #paths: readonly string[];

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const tree of treesOf(rule)) {
        const others = this.#byPath.get(tree.path);
        if (others === undefined) this.#byPath.set(tree.path, [{ tree, rule }]);
        else others.push({ tree, rule });
      }
    }
    // By code units, so that all that lies in one directory stands together.
    this.#paths = [...this.#byPath.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** The trees whose root is a path or a directory above it. */
  *above(path: string): Generator<RuleTree> {
    for (let at = path; ; at = parentOf(at)) {
      yield* this.#byPath.get(at) ?? [];
      if (at === "/") return;
    }
  }

  /** The trees whose root is a path or below it. */
  *below(path: string): Generator<RuleTree> {
    yield* this.#byPath.get(path) ?? [];
    const start = path === "/" ? "/" : `${path}/`;
    for (let at = this.#firstFrom(start); at < this.#paths.length; at += 1) {
      const found = this.#paths[at] ?? "";
      if (!found.startsWith(start)) return;
      if (found !== path) yield* this.#byPath.get(found) ?? [];
    }
  }

  #firstFrom(text: string): number {
    let [low, high] = [0, this.#paths.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#paths[middle] ?? "") < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
