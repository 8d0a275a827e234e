import { cleanText, MAX_CELL_LENGTH } from "@pyisolate/policy";
import { inWords } from "@pyisolate/policy/options";

/**
 * The name of a cell as every record, label and message has it. It is cleaned instead of refused, because it is often a
 * customer's own word, which may contain a backslash or an emoji.
 *
 * @throws TypeError for an empty or missing name, and for one that would have to be cut: two names that differ only behind the
 *   cut would be one name in every record.
 */
export function cellName(given: unknown): string {
  const clean = typeof given === "string" ? cleanText(given, LONGEST) : "";
  if (clean !== "" && clean.length <= MAX_CELL_LENGTH) return clean;
  throw new TypeError(`a cell's name must be ${WANTED}, got ${inWords(given)}`);
}

/** A bound at which no name of valid length is cut: the longest escape of one UTF-16 code unit has 8. */
const LONGEST = MAX_CELL_LENGTH * 8;

const WANTED = `a string of 1 to ${MAX_CELL_LENGTH} characters, those counted as written out that could hide or reorder text`;
