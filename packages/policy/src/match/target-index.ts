import { sharedLength } from "./prefix-tree.ts";
import { NO_RANK, type RankIndex } from "./rule-rank.ts";
import { SEPARATORS } from "./target-pattern.ts";

const SEPARATOR_CODES: ReadonlySet<number> = new Set(
  Array.from(SEPARATORS, (separator) => separator.charCodeAt(0)),
);

/**
 * Target patterns as a tree of literal texts and wildcards, in which patterns with the same start share nodes. A lookup reads the
 * target once, character by character, and follows all matching branches at once. So its cost grows with the target and the matching
 * branches: a pattern never reads a character twice, however many wildcards it has.
 */
export class TargetIndex implements RankIndex {
  /** Patterns without a wildcard. */
  readonly #whole = new Map<string, number>();
  readonly #root = new Place("", "text");
  /** The branches that match the target so far, and those that match one more character. Reused between lookups. */
  #states: State[] = [];
  #next: State[] = [];
  /** How many of each are in use: the others wait to be used again. */
  #count = 0;
  #nextCount = 0;
  /** Number of the current character. It runs on over all lookups, so that a place can tell that it was entered already. */
  #step = 0;
  #best = NO_RANK;

  /** @param pattern A pattern that `TARGET_PATTERN` accepts. */
  add(pattern: string, rank: number): void {
    if (!pattern.includes("*")) {
      this.#whole.set(pattern, Math.min(this.#whole.get(pattern) ?? NO_RANK, rank));
      return;
    }
    let place = this.#root;
    place.least = Math.min(place.least, rank);
    for (const part of pattern.split(/(\*+)/)) {
      if (part === "*") place = place.within ??= new Place("", "within");
      else if (part === "**") place = place.any ??= new Place("", "any");
      else place = textBelow(place, part, rank);
      place.least = Math.min(place.least, rank);
    }
    place.end = Math.min(place.end, rank);
  }

  /** @param target As `canonicalTarget` returns it. */
  least(target: string, below: number): number {
    this.#best = Math.min(below, this.#whole.get(target) ?? NO_RANK);
    this.#begin();
    this.#enter(this.#root);
    for (let at = 0; at < target.length && this.#nextCount > 0; at += 1) {
      this.#follow(target.charCodeAt(at));
    }
    for (let index = 0; index < this.#nextCount; index += 1) {
      const { place, matched } = this.#next[index] as State;
      if (matched === place.text.length && place.end < this.#best) this.#best = place.end;
    }
    return this.#best;
  }

  #follow(code: number): void {
    [this.#states, this.#next] = [this.#next, this.#states];
    this.#count = this.#nextCount;
    this.#begin();
    const isSeparator = SEPARATOR_CODES.has(code);
    for (let index = 0; index < this.#count; index += 1) {
      const { place, matched } = this.#states[index] as State;
      if (place.least >= this.#best) continue;
      if (matched < place.text.length) {
        if (place.text.charCodeAt(matched) === code) this.#advance(place, matched + 1);
        continue;
      }
      if (place.kind === "any" || (place.kind === "within" && !isSeparator)) this.#enter(place);
      const literal = place.literals?.get(code);
      if (literal !== undefined && literal.least < this.#best) this.#advance(literal, 1);
    }
  }

  #begin(): void {
    this.#step += 1;
    this.#nextCount = 0;
  }

  #advance(place: Place, matched: number): void {
    if (matched === place.text.length) this.#enter(place);
    else this.#push(place, matched);
  }

  /** Adds a place whose text is matched, at most once in each step, and the wildcards behind it, which match no text too. */
  #enter(place: Place): void {
    if (place.least >= this.#best || place.step === this.#step) return;
    place.step = this.#step;
    // A pattern that ends in ** covers the target whatever follows.
    if (place.kind === "any" && place.end < this.#best) this.#best = place.end;
    this.#push(place, place.text.length);
    if (place.within !== undefined) this.#enter(place.within);
    if (place.any !== undefined) this.#enter(place.any);
  }

  #push(place: Place, matched: number): void {
    const state = this.#next[this.#nextCount];
    if (state === undefined) this.#next.push({ place, matched });
    else {
      state.place = place;
      state.matched = matched;
    }
    this.#nextCount += 1;
  }
}

/** A place, and how many characters of its text the target has matched. */
interface State {
  place: Place;
  matched: number;
}

/** A node of the tree: a literal text or a wildcard, and the patterns that end or go on behind it. */
class Place {
  /** The least rank of the patterns that pass through this place. A lookup skips the place if it already found a lower one. */
  least = NO_RANK;
  /** The least rank of the patterns that end here. */
  end = NO_RANK;
  /** The last step in which a lookup entered the place. */
  step = 0;
  text: string;
  readonly kind: "text" | "within" | "any";
  /** By the first character of their texts, no two of which begin alike. */
  literals: Map<number, Place> | undefined;
  within: Place | undefined;
  any: Place | undefined;

  constructor(text: string, kind: "text" | "within" | "any") {
    this.text = text;
    this.kind = kind;
  }

  /** Cuts off the end of this place's text. @returns a place for its start, from which this one leads on. */
  splitAt(length: number): Place {
    const start = new Place(this.text.slice(0, length), "text");
    this.text = this.text.slice(length);
    start.least = this.least;
    start.literals = new Map([[this.text.charCodeAt(0), this]]);
    return start;
  }
}

/** The place behind a literal text. Makes it if it is new, and splits one whose text goes on otherwise. */
function textBelow(from: Place, text: string, rank: number): Place {
  let place = from;
  for (let at = 0; at < text.length;) {
    place.least = Math.min(place.least, rank);
    place.literals ??= new Map();
    const code = text.charCodeAt(at);
    let next = place.literals.get(code);
    if (next === undefined) next = new Place(text.slice(at), "text");
    else {
      const shared = sharedLength(next.text, text, at);
      if (shared < next.text.length) next = next.splitAt(shared);
    }
    place.literals.set(code, next);
    at += next.text.length;
    place = next;
  }
  return place;
}
