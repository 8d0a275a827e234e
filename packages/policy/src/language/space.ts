/** Patterns of one scope, taken together: they cover what any of them covers. */
export type PatternSet = readonly string[];

/** The targets of one capability, as far as given patterns tell them apart. */
export interface Space {
  /**
   * The shortest canonical target that each set of `within` covers and `outside` does not; undefined if there is none.
   *
   * @throws TooEntangledError if the patterns overlap in so many ways that this cannot be told in bounded time.
   */
  shortest(within: readonly PatternSet[], outside: PatternSet): string | undefined;
}
