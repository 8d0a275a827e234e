import type { Effort } from "./effort.ts";
import { ANY, CHAR, DEEP, END, type Rest, type Rests, STAR } from "./rest.ts";

/**
 * What is left of several patterns, which together cover what any of them covers: a state of an automaton that is made as far as it
 * is used. {@link RestSets} makes each set once.
 */
export class RestSet {
  readonly id: number;
  readonly rests: readonly Rest[];
  /** Whether the text may end here. */
  readonly nullable: boolean;
  /** Whether it covers every text of the form. */
  readonly isUniversal: boolean;
  /** Whether it covers a character that no rest names, and whether it covers a separator. */
  readonly readsOther: boolean;
  readonly readsSeparator: boolean;
  /** How many ways lead on from here: what it costs to look at each, and to keep them. */
  readonly size: number;
  readonly #sets: RestSets;
  readonly #byCode = new Map<number, Rest[]>();
  /** Where every character leads but separators, and where each separator does. */
  readonly #other: Rest[] = [];
  readonly #separator: Rest[] = [];
  readonly #after = new Map<number, RestSet>();
  #afterOther: RestSet | undefined;

  /** @internal */
  constructor(id: number, rests: readonly Rest[], isUniversal: boolean, sets: RestSets) {
    this.id = id;
    this.rests = rests;
    this.isUniversal = isUniversal;
    this.nullable = rests.some((rest) => rest.nullable);
    this.#sets = sets;
    const seen = new Set<Rest>();
    for (let rest of rests) {
      // What follows a wildcard may begin here too, because the wildcard may stand for nothing.
      while (!seen.has(rest)) {
        seen.add(rest);
        this.#lead(rest);
        if (rest.kind === CHAR || rest.next === undefined) break;
        rest = rest.next;
      }
    }
    this.size = seen.size;
    this.readsOther = this.#other.length > 0;
    this.readsSeparator = this.#separator.length > 0;
  }

  /** The characters that its rests name. */
  get codes(): Iterable<number> {
    return this.#byCode.keys();
  }

  /** What is left after one more character. */
  after(code: number): RestSet {
    const named = this.#byCode.get(code);
    const isSeparator = this.#sets.separators.has(code);
    if (named === undefined && !isSeparator) {
      return (this.#afterOther ??= this.#sets.of(this.#other));
    }
    const known = this.#after.get(code);
    if (known !== undefined) return known;
    this.#sets.effort.keep(BYTES_OF_ENTRY);
    const wild = isSeparator ? this.#separator : this.#other;
    const made = this.#sets.of(named === undefined ? wild : [...wild, ...named]);
    this.#after.set(code, made);
    return made;
  }

  #lead(rest: Rest): void {
    const { kind, code, next } = rest;
    if (next === undefined) return;
    if (kind === CHAR) {
      const others = this.#byCode.get(code);
      if (others === undefined) this.#byCode.set(code, [next]);
      else others.push(next);
      return;
    }
    if (kind !== DEEP) this.#other.push(rest);
    if (kind === ANY) this.#separator.push(rest);
    if (kind === DEEP) this.#separator.push(this.#sets.rests.any(next));
  }
}

/** About what an entry of a map takes, and a set beyond its rests, and each of these with what leads on from it. */
const [BYTES_OF_ENTRY, BYTES_OF_SET, BYTES_OF_REST] = [50, 600, 150];

/** About how many steps it costs to make a set, beside those for its rests. */
const STEPS_OF_SET = 20;

/** Makes sets of rests, each once, without the rests that others in the set cover anyway. */
export class RestSets {
  readonly rests: Rests;
  readonly #made = new Map<string, RestSet>();
  readonly #covers = new Map<number, boolean>();
  readonly #coverBySet = new Map<RestSet, Cover>();
  readonly effort: Effort;

  constructor(rests: Rests, effort: Effort) {
    this.rests = rests;
    this.effort = effort;
  }

  get separators(): ReadonlySet<number> {
    return this.rests.separators;
  }

  of(rests: readonly Rest[]): RestSet {
    const given = new Set(rests);
    const cover = new Cover(given, this.separators, this.effort);
    const kept = [...given].filter((rest) => !cover.covers(rest, true));
    kept.sort((one, other) => one.id - other.id);
    const key = kept.map(({ id }) => id).join(" ");
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    this.effort.spend(STEPS_OF_SET);
    const made = new RestSet(this.#made.size, kept, cover.universal !== undefined, this);
    this.#made.set(key, made);
    this.effort.keep(BYTES_OF_SET + made.size * BYTES_OF_REST);
    return made;
  }

  /**
   * Whether some sets together surely cover every text of the form that another covers. A false may be wrong: it costs time in a
   * search, and never changes its result.
   */
  cover(some: readonly RestSet[], other: RestSet): boolean {
    this.effort.spend(some.length);
    return other.rests.every((rest) => some.some((one) => this.#coversRest(one, rest)));
  }

  #coversRest(one: RestSet, rest: Rest): boolean {
    this.effort.spend(1);
    if (one.isUniversal) return true;
    if (one.rests.length === 0) return false;
    const key = one.id * MOST + rest.id;
    const known = this.#covers.get(key);
    if (known !== undefined) return known;
    let cover = this.#coverBySet.get(one);
    if (cover === undefined) {
      cover = new Cover(new Set(one.rests), this.separators, this.effort);
      this.#coverBySet.set(one, cover);
      this.effort.keep(one.rests.length * BYTES_OF_ENTRY);
    }
    const covers = cover.covers(rest, false);
    this.#covers.set(key, covers);
    this.effort.keep(BYTES_OF_ENTRY);
    return covers;
  }
}

/** More rests than fit into memory. */
const MOST = 2 ** 26;

/** Tells which other rests some rests cover. */
class Cover {
  /** A rest that covers every text. */
  readonly universal: Rest | undefined;
  readonly #own: ReadonlySet<Rest>;
  readonly #separators: ReadonlySet<number>;
  /** The wildcards, by what follows them. */
  readonly #any = new Map<Rest, Rest>();
  readonly #star = new Map<Rest, Rest>();
  readonly #deep = new Map<Rest, Rest>();
  /** A rest that covers all that may follow where a segment ends. */
  readonly #tail: Rest | undefined;

  readonly #effort: Effort;

  constructor(rests: ReadonlySet<Rest>, separators: ReadonlySet<number>, effort: Effort) {
    this.#own = rests;
    this.#separators = separators;
    this.#effort = effort;
    // A rest is put into one map here, and into some more by its set.
    effort.spend(rests.size * 5);
    for (const rest of rests) {
      const { kind, next } = rest;
      if (next === undefined || kind === CHAR) continue;
      if (kind === ANY) this.#any.set(next, rest);
      else if (kind === STAR) this.#star.set(next, rest);
      else this.#deep.set(next, rest);
      if (kind === DEEP && next.nullable) this.#tail = rest;
      const isUniversal =
        kind === ANY ? next.nullable : kind === STAR && next.kind === DEEP && next.nullable;
      if (isUniversal) this.universal = rest;
    }
  }

  /** @param isOwn Whether the rest is one of these, so that it does not count as covered by itself. */
  covers(rest: Rest, isOwn: boolean): boolean {
    if (!isOwn && this.#own.has(rest)) return true;
    if (this.universal !== undefined) return this.universal !== rest;
    if (this.#any.size + this.#star.size + this.#deep.size === 0) return false;
    const isAtBoundary = this.#isAtBoundary(rest);
    if (isAtBoundary && this.#tail !== undefined && this.#tail !== rest) return true;
    let crossed = false;
    for (let at: Rest | undefined = rest; at !== undefined; at = at.next) {
      this.#effort.spend(1);
      // A wildcard covers what leads to its own next: all that stands before it is what the wildcard stands for.
      if (isOther(this.#any.get(at), rest)) return true;
      if (!crossed && isOther(this.#star.get(at), rest)) return true;
      if (isAtBoundary && isOther(this.#deep.get(at), rest)) return true;
      crossed ||= this.#crosses(at);
    }
    return false;
  }

  #crosses({ kind, code }: Rest): boolean {
    return kind === DEEP || kind === ANY || (kind === CHAR && this.#separators.has(code));
  }

  /** Whether all that a rest covers is empty or begins with a separator. */
  #isAtBoundary({ kind, code, next }: Rest): boolean {
    if (kind === DEEP) return next !== undefined && this.#isAtBoundary(next);
    return kind === END || (kind === CHAR && this.#separators.has(code));
  }
}

function isOther(found: Rest | undefined, rest: Rest): boolean {
  return found !== undefined && found !== rest;
}
