import type { OperationName, Policy, Rule } from "@pyisolate/policy";

import { treesOf } from "./pattern-to-trees.ts";
import { type Met, metAmong, rulesOf } from "./planned-rule.ts";
import { parentOf } from "./rights.ts";
import { RuleBits, RulePlaces } from "./rule-bits.ts";

/** Operations on files, a bit for each. */
export type Operations = number;

const BITS: Readonly<Record<string, Operations>> = {
  read: 1,
  write: 2,
  list: 4,
  stat: 8,
  remove: 16,
};

export function bitsOf(operations: readonly OperationName[]): Operations {
  return operations.reduce((bits, operation) => bits | (BITS[operation] ?? 0), 0);
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
  readonly #rules: readonly Rule[];
  /** The rules of each root. */
  readonly #at: RulePlaces<string>;
  /** The same, of trees that are more than their root. */
  readonly #from: RulePlaces<string>;
  readonly #speaking: RulePlaces<OperationName>;
  /** The operations of the rules of each root. */
  readonly #operations = new Map<string, Operations>();
  /** The same, of trees that are all that is below their root. */
  readonly #whole = new Map<string, Operations>();
  readonly #roots: readonly string[];
  readonly #below = new Map<string, Operations>();
  readonly #taking = new Map<string, Met>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#at = new RulePlaces(rules.length);
    this.#from = new RulePlaces(rules.length);
    this.#speaking = new RulePlaces(rules.length);
    for (const [place, rule] of rules.entries()) {
      const operations = bitsOf(rule.operations);
      for (const operation of rule.operations) this.#speaking.add(operation, place);
      for (const { path, covers } of treesOf(rule)) {
        this.#at.add(path, place);
        if (covers !== "one") this.#from.add(path, place);
        join(this.#operations, path, operations);
        if (covers === "tree") join(this.#whole, path, operations);
      }
    }
    // By code units, so that all that lies in one directory stands together.
    this.#roots = [...this.#operations.keys()].toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** The operations of the trees whose root is a path or a directory above it. */
  operationsAbove(path: string): Operations {
    return ancestors(path).reduce((all, at) => all | (this.#operations.get(at) ?? 0), 0);
  }

  /** The operations of the trees that hold a path and all below it. */
  operationsOfAll(path: string): Operations {
    return ancestors(path).reduce((all, at) => all | (this.#whole.get(at) ?? 0), 0);
  }

  /** The operations of the trees whose root is a path or below it. */
  operationsBelow(path: string): Operations {
    const known = this.#below.get(path);
    if (known !== undefined) return known;
    let all = 0;
    for (const root of this.#rootsBelow(path)) all |= this.#operations.get(root) ?? 0;
    this.#below.set(path, all);
    return all;
  }

  /** The rules for one of these operations with a tree that has something of what is below a path. */
  meeting(path: string, operations: readonly OperationName[]): Met {
    const key = `${bitsOf(operations)} ${path}`;
    const met = this.#taking.get(key) ?? this.#find(path, operations);
    this.#taking.set(key, met);
    return met;
  }

  #find(path: string, operations: readonly OperationName[]): Met {
    const found = new RuleBits(this.#rules.length);
    for (const at of ancestors(path)) this.#from.joinTo(found, at);
    for (const root of this.#rootsBelow(path)) this.#at.joinTo(found, root);
    const speaking = new RuleBits(this.#rules.length);
    for (const operation of operations) this.#speaking.joinTo(speaking, operation);
    found.keep(speaking);
    return metAmong(this.#rules, found);
  }

  /** The roots that are a path or below it. */
  *#rootsBelow(path: string): Generator<string> {
    if (this.#operations.has(path)) yield path;
    const start = path === "/" ? "/" : `${path}/`;
    for (let at = this.#firstFrom(start); at < this.#roots.length; at += 1) {
      const root = this.#roots[at] ?? "";
      if (!root.startsWith(start)) return;
      if (root !== path) yield root;
    }
  }

  #firstFrom(text: string): number {
    let [low, high] = [0, this.#roots.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#roots[middle] ?? "") < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function join(map: Map<string, Operations>, path: string, operations: Operations): void {
  map.set(path, (map.get(path) ?? 0) | operations);
}

/** A path and the directories above it. */
function ancestors(path: string): string[] {
  const all = [path];
  for (let at = path; at !== "/";) all.push((at = parentOf(at)));
  return all;
}
