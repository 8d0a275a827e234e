import { NO_RANK } from "./rule-rank.ts";

/** A radix tree of texts. Each node has the least rank of all texts that begin with it. */
export class PrefixTree {
  readonly #root = new Branch("", NO_RANK);

  add(text: string, rank: number): void {
    let branch = this.#root;
    let at = 0;
    for (;;) {
      branch.least = Math.min(branch.least, rank);
      if (at === text.length) return;
      const code = text.charCodeAt(at);
      let next = branch.next?.get(code);
      if (next === undefined) {
        branch.put(new Branch(text.slice(at), rank));
        return;
      }
      const shared = sharedLength(next.text, text, at);
      if (shared < next.text.length) next = branch.split(next, shared);
      at += shared;
      branch = next;
    }
  }

  /** The longest start that a text shares with a text of the tree, and the least rank of those that share it. */
  longest(text: string): Shared {
    return this.#longest(text, 0, 1);
  }

  /** The same of a text read from its end, for a tree of reversed texts: nothing is reversed for it. */
  longestEnd(text: string): Shared {
    return this.#longest(text, text.length - 1, -1);
  }

  #longest(text: string, first: number, step: 1 | -1): Shared {
    let branch = this.#root;
    let length = 0;
    for (;;) {
      const next = branch.next?.get(text.charCodeAt(first + step * length));
      if (next === undefined) return { length, rank: branch.least };
      const part = next.text;
      let shared = 1;
      while (
        shared < part.length &&
        part.charCodeAt(shared) === text.charCodeAt(first + step * (length + shared))
      ) {
        shared += 1;
      }
      length += shared;
      if (shared < part.length) return { length, rank: next.least };
      branch = next;
    }
  }
}

/** How much of a text a tree has, and the least rank of the texts that have it. */
interface Shared {
  readonly length: number;
  readonly rank: number;
}

class Branch {
  text: string;
  least: number;
  next: Map<number, Branch> | undefined;

  constructor(text: string, least: number) {
    this.text = text;
    this.least = least;
  }

  put(branch: Branch): void {
    this.next ??= new Map();
    this.next.set(branch.text.charCodeAt(0), branch);
  }

  /** Inserts a branch with the first characters of `next` between this branch and `next`. */
  split(next: Branch, length: number): Branch {
    const middle = new Branch(next.text.slice(0, length), next.least);
    this.put(middle);
    next.text = next.text.slice(length);
    middle.put(next);
    return middle;
  }
}

/** How many characters of `part` stand at this place of a text. */
export function sharedLength(part: string, text: string, at: number): number {
  let shared = 0;
  while (shared < part.length && part.charCodeAt(shared) === text.charCodeAt(at + shared)) {
    shared += 1;
  }
  return shared;
}
