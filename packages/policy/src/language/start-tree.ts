/** Patterns by what every text that they cover begins with. */
export class StartTree {
  readonly #root = new Place();

  add(start: string, pattern: string): void {
    let place = this.#root;
    for (let at = 0; at < start.length; at += 1) place = place.below(start.charCodeAt(at));
    place.patterns.push(pattern);
  }

  /** The patterns of which a text may begin as this start does: those of its own starts, and all that go on from it. */
  *meeting(start: string): Generator<string> {
    let place = this.#root;
    for (let at = 0; at < start.length; at += 1) {
      yield* place.patterns;
      const next = place.next?.get(start.charCodeAt(at));
      if (next === undefined) return;
      place = next;
    }
    const places = [place];
    for (let last = places.pop(); last !== undefined; last = places.pop()) {
      yield* last.patterns;
      if (last.next !== undefined) places.push(...last.next.values());
    }
  }
}

class Place {
  readonly patterns: string[] = [];
  next: Map<number, Place> | undefined;

  below(code: number): Place {
    this.next ??= new Map();
    const known = this.next.get(code);
    if (known !== undefined) return known;
    const place = new Place();
    this.next.set(code, place);
    return place;
  }
}
