import { HOSTILE_CHARACTERS, quoted } from "../clean-text.ts";
import { CELL_PLACEHOLDER } from "./cell-placeholder.ts";

/** Most entries in the pattern of a command's arguments. */
export const MAX_ARGUMENT_PATTERNS = 256;
/** Longest entry, in UTF-16 code units. */
export const MAX_ARGUMENT_LENGTH = 4096;

/** Backslashes and ellipses are usual in arguments. What hides or reorders text is not, and would mislead a reader of the policy. */
const HIDDEN = HOSTILE_CHARACTERS.replace(String.raw`\\\u2026`, "");

/**
 * An argument in which each `*` stands for any characters, or `**` for any number of arguments. Not one with `${cell}`, which stands
 * for the cell's name in paths alone: as it is, a rule for each cell's own argument would match no cell's.
 */
export const ARGUMENT_PATTERN = new RegExp(
  `^(?:\\*\\*|(?!.*\\*\\*)(?!.*\\$\\{cell\\})[^${HIDDEN}]*)$`,
  "u",
);

/** What is wrong with an entry that {@link ARGUMENT_PATTERN} refuses, and what to write instead. */
export function argumentMistake(entry: string): string {
  if (entry.includes("**"))
    return `has ${quoted(entry)}; ** stands alone, for any number of arguments, and * for any characters within one`;
  if (entry.includes(CELL_PLACEHOLDER))
    return `has ${CELL_PLACEHOLDER}, which stands for the cell's name in paths alone; name the arguments themselves, or give each cell a policy of its own`;
  return "has control, invisible or look-alike characters";
}
