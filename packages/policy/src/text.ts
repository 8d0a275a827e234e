// Printable ASCII without the escape character itself is the common case and is returned untouched.
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/**
 * Everything that could end a line, move a cursor, hide or reorder text: C0 and C1 controls, DEL, line and paragraph
 * separators, bidirectional controls (Unicode TR 9), zero-width and invisible format characters, interlinear annotations,
 * tag characters, and the backslash, so that what is escaped can always be told from what was written.
 */
const HOSTILE =
  // oxlint-disable-next-line no-control-regex -- naming control characters is the point
  /[\\\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\u{e0001}|[\u{e0020}-\u{e007f}]/gu;

/** Longest target that an event carries, in UTF-16 code units: a longest Linux path does not fit, a readable one does. */
export const MAX_TARGET_LENGTH = 1024;

/**
 * Guest text made safe to store and print: well-formed Unicode without control, bidirectional or invisible characters
 * (each becomes `\u{hex}`), at most `max` UTF-16 code units. A cut is marked by a final `…`.
 */
export function cleanText(text: string, max: number): string {
  if (text.length <= max && PLAIN.test(text)) return text;
  // Cut before escaping, so that a 100 MB string costs no more than a short one; escaping may grow it, so cut again.
  const wellFormed = text.slice(0, max + 1).toWellFormed();
  const escaped = wellFormed.replace(HOSTILE, (char) =>
    char === "\\" ? "\\\\" : `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
  if (text.length <= max && escaped.length <= max) return escaped;
  return `${escaped.slice(0, max - 1).toWellFormed()}…`;
}
