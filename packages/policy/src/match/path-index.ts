import { NO_RANK, type RankIndex } from "./rank.ts";
import { StarredSegments } from "./starred-segments.ts";

/**
 * Path patterns by their segments, as a tree that patterns with the same beginning share. A path is followed down every
 * branch that fits it at once, so that its cost grows with its segments and with the branches that fit, not with the number
 * of patterns.
 */
export class PathIndex implements RankIndex {
  readonly #root = new Place(undefined);
  // Patterns such as **/.env, their segments from the last one on: most policies have some, and without them in the tree a
  // path has one way at a time.
  readonly #tails = new Place(undefined);
  /** The places that the path so far leads to, and those that it leads to with one segment more; kept to be used again. */
  #places: Place[] = [];
  #next: Place[] = [];
  readonly #starred: Place[] = [];
  #best = NO_RANK;
  /** Counts the segments of all paths: what a place was last entered in, it is not entered in again. */
  #step = 0;
  /** The first step of the path that is followed. */
  #first = 0;

  /** @param pattern One that `PATH_PATTERN` accepts. */
  add(pattern: string, rank: number): void {
    const path = pattern.startsWith("/") ? pattern.slice(1) : pattern;
    const segments = path === "" ? [] : path.split("/");
    const [first, ...others] = segments;
    const isTail = first === "**" && others.length > 0 && !others.join("").includes("*");
    let place = isTail ? this.#tails : this.#root;
    place.least = Math.min(place.least, rank);
    for (const segment of isTail ? others.toReversed() : segments) {
      place = place.below(segment);
      place.least = Math.min(place.least, rank);
    }
    place.end = Math.min(place.end, rank);
  }

  /** @param path One that `canonicalPath` returns. */
  least(path: string, below: number): number {
    let place = this.#root;
    let best = this.#tails.least < below ? this.#leastTail(path, below) : below;
    // One place at a time, for as long as there is no star: the usual case, and the quickest.
    for (let start = 1; place.least < best;) {
      const { anyDepth, literals } = place;
      if (place.starred !== undefined) return this.#leastFrom(place, path, start, best);
      if (anyDepth !== undefined) {
        if (anyDepth.hasMore) return this.#leastFrom(place, path, start, best);
        // A pattern that ends in ** covers the path whatever comes.
        if (anyDepth.end < best) best = anyDepth.end;
      }
      if (start >= path.length) return Math.min(best, place.end);
      const end = segmentEnd(path, start);
      const next = literals?.get(path.slice(start, end));
      if (next === undefined) return best;
      place = next;
      start = end + 1;
    }
    return best;
  }

  /** From the last segment on. */
  #leastTail(path: string, below: number): number {
    let place = this.#tails;
    let best = below;
    for (let end = path.length; end > 1 && place.least < best;) {
      const slash = path.lastIndexOf("/", end - 1);
      const next = place.literals?.get(path.slice(slash + 1, end));
      if (next === undefined) return best;
      if (next.end < best) best = next.end;
      place = next;
      end = slash;
    }
    return best;
  }

  #leastFrom(place: Place, path: string, from: number, below: number): number {
    this.#best = below;
    this.#begin();
    this.#first = this.#step;
    this.#enter(place);
    for (let start = from; start < path.length;) {
      const end = segmentEnd(path, start);
      this.#follow(path, start, end);
      if (this.#next.length === 0) return this.#best;
      start = end + 1;
    }
    for (const { end } of this.#next) if (end < this.#best) this.#best = end;
    return this.#best;
  }

  #follow(path: string, start: number, end: number): void {
    const text = path.slice(start, end);
    [this.#places, this.#next] = [this.#next, this.#places];
    this.#begin();
    for (const place of this.#places) {
      if (place.least >= this.#best || place.passed === this.#first) continue;
      if (place.isAnyDepth) this.#enter(place);
      const literal = place.literals?.get(text);
      if (literal !== undefined) this.#enter(literal);
      if (place.starred === undefined) continue;
      this.#starred.length = 0;
      place.starred.collect({ path, start, end, text }, this.#starred);
      for (const starred of this.#starred) this.#enter(starred);
    }
  }

  #begin(): void {
    this.#step += 1;
    this.#next.length = 0;
  }

  /** Adds a place, once in each step, and what a `**` of no segments leads to from there. */
  #enter(place: Place): void {
    if (place.least >= this.#best || place.step === this.#step || place.passed === this.#first) {
      return;
    }
    place.step = this.#step;
    if (place.isAnyDepth) {
      if (place.end < this.#best) this.#best = place.end;
      place.pass(this.#first);
    }
    this.#next.push(place);
    if (place.anyDepth !== undefined) this.#enter(place.anyDepth);
  }
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf("/", start);
  return slash < 0 ? path.length : slash;
}

/** Where the same segments lead, in one pattern or in many. */
class Place {
  /** The least rank of the patterns that lead through here: what cannot be better than what was found is not followed. */
  least = NO_RANK;
  /** The least rank of the patterns that end here. */
  end = NO_RANK;
  /** The last step in which the place was entered. */
  step = 0;
  /** The first step of the last path on which a later `**`, to which all patterns from here lead, was reached. */
  passed = 0;
  /** Behind `**`: each further segment may lead here again. */
  readonly isAnyDepth: boolean;
  anyDepth: Place | undefined;
  literals: Map<string, Place> | undefined;
  starred: StarredSegments<Place> | undefined;
  readonly #before: Place | undefined;
  /** How many ways lead on from here. */
  #ways = 0;

  /** @param before The place that `segment` leads here from; the root has none. */
  constructor(before: Place | undefined, segment = "") {
    this.isAnyDepth = segment === "**";
    this.#before = before;
    if (before !== undefined) before.#ways += 1;
  }

  get hasMore(): boolean {
    return this.#ways > 0;
  }

  /**
   * Passes the places from which every pattern leads to this one, behind a `**` that has been reached: whatever they could
   * still match, this matches too. Without it a pattern of many `**` would try all of them at each segment.
   */
  pass(first: number): void {
    let place = this.#before;
    while (
      place !== undefined &&
      place.#ways === 1 &&
      place.end === NO_RANK &&
      place.passed !== first
    ) {
      place.passed = first;
      place = place.#before;
    }
  }

  /** The place that a pattern's segment leads to, made where it is new. */
  below(segment: string): Place {
    if (segment === "**") return (this.anyDepth ??= new Place(this, segment));
    if (segment.includes("*")) {
      this.starred ??= new StarredSegments();
      return this.starred.place(segment, () => new Place(this, segment));
    }
    this.literals ??= new Map();
    const known = this.literals.get(segment);
    if (known !== undefined) return known;
    const place = new Place(this, segment);
    this.literals.set(segment, place);
    return place;
  }
}
