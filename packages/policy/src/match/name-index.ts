import { NO_RANK, type RankIndex } from "./rule-rank.ts";

/** Names that are compared as a whole, or `*` for every name. */
export class NameIndex implements RankIndex {
  readonly #ranks = new Map<string, number>();
  readonly #canonical: (name: string) => string | null;
  #every = NO_RANK;

  /** @param canonical Spells a pattern canonically; null for a pattern that stays as it is written. */
  constructor(canonical: (name: string) => string | null) {
    this.#canonical = canonical;
  }

  add(pattern: string, rank: number): void {
    if (pattern === "*") this.#every = Math.min(this.#every, rank);
    else {
      const name = this.#canonical(pattern) ?? pattern;
      this.#ranks.set(name, Math.min(this.#ranks.get(name) ?? NO_RANK, rank));
    }
  }

  least(target: string, below: number): number {
    return Math.min(below, this.#every, this.#ranks.get(target) ?? NO_RANK);
  }
}
