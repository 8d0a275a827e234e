/** What the author of a policy writes of a rule, or of the default. It decides nothing, and stands in the records of denials. */
export interface RuleNotes {
  /** Why it is there: one line of at most 300 visible characters. */
  readonly description?: string;
  /** Whom to ask about it: one line of at most 100 visible characters. */
  readonly owner?: string;
}

/** The notes of a rule, of the default or of a decision alone; without a key for what is not written. */
export function notesOf({ description, owner }: RuleNotes = {}): RuleNotes {
  return {
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
  };
}
