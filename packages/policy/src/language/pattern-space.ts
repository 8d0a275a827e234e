import type { Effort } from "./effort.ts";
import { type Rest, Rests } from "./rest.ts";
import { type Form, Search } from "./search.ts";
import type { Includes, PatternSet, Space } from "./space.ts";
import { StartTree } from "./start-tree.ts";

/** A kind of patterns with wildcards, and the targets that they are about. */
export interface PatternLanguage {
  /** The UTF-16 code units that a single star does not cover. */
  readonly separators: readonly number[];
  /** Which texts are targets. */
  readonly form: Form;
  readonly compile: (pattern: string, rests: Rests) => Rest;
  /** What every text that a pattern covers begins with. */
  readonly startOf: (pattern: string) => string;
  /** A text of the form as a request has it; undefined if it is longer than a request may be. */
  readonly spell: (text: string) => string | undefined;
}

/** About what the rest of a pattern from one of its characters on takes. */
const BYTES_OF_CHARACTER = 180;
/** Most bytes that one search leaves to the next. */
const MOST_REMEMBERED = 60_000_000;
/** About how many steps it costs to look at one pattern. */
const STEPS_OF_PATTERN = 5;

/** The targets that patterns with wildcards tell apart. */
export class PatternSpace implements Space {
  readonly #language: PatternLanguage;
  #rests: Rests;
  #search: Search;
  #compiled = new Map<string, Rest>();
  /** What the effort had kept before the first search. */
  readonly #keptBefore: number;
  readonly #starts = new StartTree();
  readonly #effort: Effort;

  /** @param patterns All that the space will be asked about. */
  constructor(language: PatternLanguage, patterns: Iterable<string>, effort: Effort) {
    this.#language = language;
    this.#rests = new Rests(language.separators);
    this.#search = new Search(this.#rests, language.form, effort);
    this.#effort = effort;
    this.#keptBefore = effort.kept;
    for (const pattern of patterns) {
      effort.spend(STEPS_OF_PATTERN);
      this.#starts.add(language.startOf(pattern), pattern);
    }
  }

  around(patterns: PatternSet): PatternSet {
    const found = new Set<string>();
    for (const start of new Set(patterns.map(this.#language.startOf))) {
      for (const pattern of this.#starts.meeting(start)) found.add(pattern);
    }
    this.#effort.spend(patterns.length + found.size * STEPS_OF_PATTERN);
    return [...found];
  }

  shortest(first: PatternSet, others: readonly Includes[], outside: Includes): string | undefined {
    const { startOf, spell } = this.#language;
    if (this.#effort.kept - this.#keptBefore > MOST_REMEMBERED) this.#forget();
    // Patterns that begin otherwise than all of the first set meet none of its targets. Most do.
    const around = this.around(first);
    const compiled = (set: PatternSet): readonly Rest[] =>
      set.map((pattern) => this.#compile(pattern));
    // Patterns such as **/.env meet targets everywhere, and so occur in every search.
    const { anywhere = [], somewhere = [] } = Object.groupBy(around.filter(outside), (pattern) =>
      startOf(pattern) === "" ? "anywhere" : "somewhere",
    );
    const found = this.#search.shortest(
      [first, ...others.map((includes) => around.filter(includes))].map(compiled),
      [anywhere, somewhere].map(compiled),
    );
    return found === undefined ? undefined : spell(found);
  }

  /** Drops what earlier searches have found out. It makes later ones faster, and no more than that. */
  #forget(): void {
    this.#rests = new Rests(this.#language.separators);
    this.#search = new Search(this.#rests, this.#language.form, this.#effort);
    this.#compiled = new Map();
    this.#effort.release(this.#effort.kept - this.#keptBefore);
  }

  #compile(pattern: string): Rest {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) return known;
    // A rest of each character, each in a map.
    this.#effort.spend(pattern.length * STEPS_OF_PATTERN);
    this.#effort.keep(pattern.length * BYTES_OF_CHARACTER);
    const rest = this.#language.compile(pattern, this.#rests);
    this.#compiled.set(pattern, rest);
    return rest;
  }
}
