import type { RuleNotes } from "./policy.ts";

/** The notes of a rule, of the default or of a decision alone; without a key for what is not written. */
export function notesOf({ description, owner }: RuleNotes = {}): RuleNotes {
  return {
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
  };
}
