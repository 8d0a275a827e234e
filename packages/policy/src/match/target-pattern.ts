import { HOSTILE_CHARACTERS, quoted } from "../clean-text.ts";

/** Longest target that a pattern can match, in UTF-16 code units: that of paths. */
export const MAX_TARGET = 4096;
/** Longest pattern, in UTF-16 code units. With {@link MAX_TARGET} it bounds the steps of one comparison. */
export const MAX_TARGET_PATTERN = 512;

/** What `*` does not match. */
export const SEPARATORS = "./:";

/**
 * A pattern over the targets of a declared capability: literal text, `*` for any text without a separator, `**` for any text, both
 * for none too. What other pattern languages give a meaning is refused, because as literal text in a deny rule it would deny nothing.
 */
export const TARGET_PATTERN = new RegExp(
  `^(?![ !^])(?!.* $)(?!.*\\*{3})[^?\\[\\]{}${HOSTILE_CHARACTERS}]+$`,
  "u",
);

/** What is wrong with a target pattern, and what to write instead; undefined if it is valid. */
export function targetMistake(pattern: string): string | undefined {
  if (pattern === "") return 'is empty; write a whole target, or "**" for every one';
  if (pattern.startsWith("!")) {
    return "begins with !, and there is no negation; write a rule with effect: deny";
  }
  if (pattern.startsWith("^")) {
    return "is a regular expression; write a target, with * between separators and ** for any text";
  }
  if (pattern.startsWith(" ") || pattern.endsWith(" "))
    return "has a space at an end; leave it out";
  if (pattern.includes("\\")) return "has a backslash, and nothing is escaped here";
  const unclear = /[?[\]{}]/.exec(pattern);
  if (unclear !== null) {
    return `has "${unclear[0]}", which is neither literal nor a wildcard here; the wildcards are * and **${unclear[0] === "{" ? ", so write an entry for each" : ""}`;
  }
  if (pattern.includes("***")) {
    return `has more than two stars in a row; write ${quoted(pattern.replace(/\*{3,}/g, "**"))}`;
  }
  return TARGET_PATTERN.test(pattern)
    ? undefined
    : "has control, invisible or look-alike characters";
}
