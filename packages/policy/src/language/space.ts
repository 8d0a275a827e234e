/** Patterns of one scope, taken together: they cover what any of them covers. */
export type PatternSet = readonly string[];

/** Patterns of one scope, told by asking: a policy of 10,000 rules makes no list of them for each of its rules. */
export type Includes = (pattern: string) => boolean;

/** The targets of one capability, as far as given patterns tell them apart. */
export interface Space {
  /**
   * The shortest canonical target that `first` and each of `others` cover and `outside` does not; undefined if there is none.
   *
   * @throws TooEntangledError if the patterns overlap in so many ways that this cannot be told with what is left of the effort.
   */
  shortest(first: PatternSet, others: readonly Includes[], outside: Includes): string | undefined;
  /** The patterns of the space that may cover a target which one of these covers. */
  around(patterns: PatternSet): PatternSet;
}
