/** What a rest begins with. */
export const END = 0;
export const CHAR = 1;
/** Any characters but separators, none too. */
export const STAR = 2;
/** Nothing, or a separator and then anything, up to where a segment ends. Stands where a segment ends. */
export const DEEP = 3;
/** Any characters at all, none too. */
export const ANY = 4;

/**
 * What is left of a pattern where the start of a target has been read. {@link Rests} makes each rest once, so that rests are
 * equal if they are one object, whatever pattern they come from.
 */
export interface Rest {
  readonly id: number;
  readonly kind: typeof END | typeof CHAR | typeof STAR | typeof DEEP | typeof ANY;
  /** The UTF-16 code unit, if the rest begins with one character; else -1. */
  readonly code: number;
  /** What follows; undefined at the end. */
  readonly next: Rest | undefined;
  /** Whether the empty text is all that need follow. */
  readonly nullable: boolean;
}

/** Makes the rests of patterns, each once. */
export class Rests {
  /** The UTF-16 code units that separate the segments of a text. */
  readonly separators: ReadonlySet<number>;
  readonly end: Rest = { id: 0, kind: END, code: -1, next: undefined, nullable: true };
  readonly #made = new Map<string, Rest>();

  constructor(separators: Iterable<number>) {
    this.separators = new Set(separators);
  }

  char(code: number, next: Rest): Rest {
    return this.#make(CHAR, code, next);
  }

  star(next: Rest): Rest {
    return next.kind === STAR ? next : this.#make(STAR, -1, next);
  }

  deep(next: Rest): Rest {
    return next.kind === DEEP ? next : this.#make(DEEP, -1, next);
  }

  any(next: Rest): Rest {
    return next.kind === ANY ? next : this.#make(ANY, -1, next);
  }

  #make(kind: Rest["kind"], code: number, next: Rest): Rest {
    const key = `${kind} ${code} ${next.id}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const nullable = kind !== CHAR && next.nullable;
    const rest = { id: this.#made.size + 1, kind, code, next, nullable };
    this.#made.set(key, rest);
    return rest;
  }
}
