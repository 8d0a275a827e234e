/** A set of rules of one list: a bit for each, by its place, so that sets of thousands are joined word by word. */
export class RuleBits {
  readonly #words: Uint32Array;

  /** @param size How many rules the list has. */
  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
  }

  add(places: readonly number[]): void {
    for (const place of places) {
      const word = place >>> 5;
      this.#words[word] = (this.#words[word] ?? 0) | (1 << (place & 31));
    }
  }

  join(others: RuleBits): void {
    others.#words.forEach((word, at) => (this.#words[at] = (this.#words[at] ?? 0) | word));
  }

  /** Leaves those that are in the other set too. */
  keep(others: RuleBits): void {
    others.#words.forEach((word, at) => (this.#words[at] = (this.#words[at] ?? 0) & word));
  }

  get count(): number {
    let count = 0;
    for (const word of this.#words) for (let left = word; left !== 0; left &= left - 1) count += 1;
    return count;
  }

  /** The least places, at most so many. */
  first(most: number): readonly number[] {
    const places: number[] = [];
    for (const [at, word] of this.#words.entries()) {
      for (let left = word; left !== 0; left &= left - 1) {
        if (places.length === most) return places;
        places.push(32 * at + 31 - Math.clz32(left & -left));
      }
    }
    return places;
  }
}

/** Longest list of places that is joined place by place; a longer one is kept as bits, because many ask for it. */
const LONG = 64;

/** The places of rules by a key. */
export class RulePlaces<K> {
  readonly #size: number;
  readonly #places = new Map<K, number[]>();
  readonly #long = new Map<K, RuleBits>();

  /** @param size How many rules the list has. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Adds places in ascending order for each key. */
  add(key: K, place: number): void {
    const known = this.#places.get(key);
    if (known === undefined) this.#places.set(key, [place]);
    else if (known.at(-1) !== place) known.push(place);
  }

  has(key: K): boolean {
    return this.#places.has(key);
  }

  /** Adds the rules of a key to a set. */
  joinTo(bits: RuleBits, key: K): void {
    const places = this.#places.get(key) ?? [];
    if (places.length <= LONG) {
      bits.add(places);
      return;
    }
    let long = this.#long.get(key);
    if (long === undefined) {
      long = new RuleBits(this.#size);
      long.add(places);
      this.#long.set(key, long);
    }
    bits.join(long);
  }
}
