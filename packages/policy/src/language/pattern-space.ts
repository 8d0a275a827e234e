import { type Rest, Rests } from "./rest.ts";
import { type Form, Search } from "./search.ts";
import type { PatternSet, Space } from "./space.ts";

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

/** The targets that patterns with wildcards tell apart. */
export class PatternSpace implements Space {
  readonly #language: PatternLanguage;
  readonly #rests: Rests;
  readonly #search: Search;
  readonly #compiled = new Map<string, Rest>();

  constructor(language: PatternLanguage) {
    this.#language = language;
    this.#rests = new Rests(language.separators);
    this.#search = new Search(this.#rests, language.form);
  }

  shortest(within: readonly PatternSet[], outside: PatternSet): string | undefined {
    const { startOf, spell } = this.#language;
    const [first = [], ...others] = within;
    // Patterns that begin otherwise than all of the first set meet none of its targets. Most do.
    const starts = first.map(startOf);
    const meeting = (set: PatternSet): PatternSet =>
      set.filter((pattern) => starts.some((start) => begins(startOf(pattern), start)));
    const compiled = (set: PatternSet): readonly Rest[] =>
      set.map((pattern) => this.#compile(pattern));
    // Patterns such as **/.env meet targets everywhere, and so occur in every search.
    const { anywhere = [], somewhere = [] } = Object.groupBy(meeting(outside), (pattern) =>
      startOf(pattern) === "" ? "anywhere" : "somewhere",
    );
    const found = this.#search.shortest(
      [first, ...others.map(meeting)].map(compiled),
      [anywhere, somewhere].map(compiled),
    );
    return found === undefined ? undefined : spell(found);
  }

  #compile(pattern: string): Rest {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) return known;
    const rest = this.#language.compile(pattern, this.#rests);
    this.#compiled.set(pattern, rest);
    return rest;
  }
}

/** Whether a text can begin in both ways. */
function begins(one: string, other: string): boolean {
  return one.length < other.length ? other.startsWith(one) : one.startsWith(other);
}
