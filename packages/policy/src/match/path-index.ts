import { NO_RANK, type RankIndex } from "./rule-rank.ts";
import { StarredSegments } from "./starred-segments.ts";

/**
 * Path patterns as a tree of segments, in which patterns with the same start share nodes. A lookup follows a path down all
 * matching branches at once. So its cost grows with the path's segments and the matching branches, and not with the number of
 * patterns.
 */
export class PathIndex implements RankIndex {
  readonly #root = new Place(undefined);
  // Patterns such as **/.env, stored from their last segment on. Most policies have some; if they were in the main tree, every
  // lookup would have to follow several branches.
  readonly #tails = new Place(undefined);
  /** The places that the path so far leads to, and those after one more segment. The arrays are reused between lookups. */
  #places: Place[] = [];
  #next: Place[] = [];
  readonly #starred: Place[] = [];
  #best = NO_RANK;
  /**
   * Number of the current step. One step handles one segment, and the count runs on over all lookups, so a place can tell that it
   * was already entered in this step.
   */
  #step = 0;
  /** The first step of the current lookup. */
  #first = 0;

  /** @param pattern A pattern that `PATH_PATTERN` accepts. */
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

  /** @param path As `canonicalPath` returns it. */
  least(path: string, below: number): number {
    let place = this.#root;
    let best = this.#tails.least < below ? this.#leastTail(path, below) : below;
    // Follow a single place as long as no star occurs. This is the usual case and the fastest.
    for (let start = 1; place.least < best;) {
      const { anyDepth, literals } = place;
      if (place.starred !== undefined) return this.#leastFrom(place, path, start, best);
      if (anyDepth !== undefined) {
        if (anyDepth.hasMore) return this.#leastFrom(place, path, start, best);
        // A pattern that ends in ** covers the path whatever follows.
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

  /** Looks the path up in `#tails`, from its last segment on. */
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
      this.#follow(path.slice(start, end));
      if (this.#next.length === 0) return this.#best;
      start = end + 1;
    }
    for (const { end } of this.#next) if (end < this.#best) this.#best = end;
    return this.#best;
  }

  #follow(segment: string): void {
    [this.#places, this.#next] = [this.#next, this.#places];
    this.#begin();
    for (const place of this.#places) {
      if (place.least >= this.#best || place.passed === this.#first) continue;
      if (place.isAnyDepth) this.#enter(place);
      const literal = place.literals?.get(segment);
      if (literal !== undefined) this.#enter(literal);
      if (place.starred === undefined) continue;
      this.#starred.length = 0;
      place.starred.collect(segment, this.#starred);
      for (const starred of this.#starred) this.#enter(starred);
    }
  }

  #begin(): void {
    this.#step += 1;
    this.#next.length = 0;
  }

  /** Adds a place, at most once in each step, and the place that a `**` of no segments leads to. */
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

/** A node of the tree: the place after the same segments of one or more patterns. */
class Place {
  /** The least rank of the patterns that pass through this place. A lookup skips the place if it already found a lower one. */
  least = NO_RANK;
  /** The least rank of the patterns that end here. */
  end = NO_RANK;
  /** The last step in which a lookup entered the place. */
  step = 0;
  /** The first step of the last lookup that reached the later `**` to which all patterns from here lead; see {@link pass}. */
  passed = 0;
  /** Whether the place is behind a `**`: each further segment may lead to it again. */
  readonly isAnyDepth: boolean;
  anyDepth: Place | undefined;
  literals: Map<string, Place> | undefined;
  starred: StarredSegments<Place> | undefined;
  readonly #before: Place | undefined;
  /** How many branches lead on from here. */
  #ways = 0;

  /** @param before The place from which `segment` leads here; undefined for the root. */
  constructor(before: Place | undefined, segment = "") {
    this.isAnyDepth = segment === "**";
    this.#before = before;
    if (before !== undefined) before.#ways += 1;
  }

  get hasMore(): boolean {
    return this.#ways > 0;
  }

  /**
   * Marks the places from which every pattern leads through this `**`, now that a lookup has reached it, so that the lookup skips
   * them: whatever they could still match, this place matches too. Without it, a pattern with many `**` would try all of them at
   * each segment.
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

  /** The place that a pattern's segment leads to. Makes it if it is new. */
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
