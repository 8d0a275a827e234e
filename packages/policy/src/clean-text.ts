// Text of printable ASCII without the backslash is the common case, and is returned unchanged.
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/**
 * The inside of a character class, for the `u` flag: all characters that could end a line, move a cursor, or hide, reorder or
 * imitate text. In order: controls; format characters (the bidirectional controls of Unicode TR 9, soft hyphen, tags); lone
 * surrogates; line and paragraph separators; spaces other than the ASCII space, and the blank braille pattern; characters drawn
 * as nothing (fillers, variation selectors); noncharacters; the backslash, so that an escape differs from text that looks like
 * one; and the ellipsis, so that a cut does.
 */
export const HOSTILE_CHARACTERS = String.raw`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\p{DI}\p{NChar}\\\u2026`;

const HOSTILE = new RegExp(`[${HOSTILE_CHARACTERS}]`, "gu");

/** One character of clean text, or one escape. */
const TOKEN = /\\\\|\\u\{[0-9a-f]+\}|[^]/gu;
const ESCAPE = /\\(?:\\|u\{([0-9a-f]{1,6})\})/g;
const CUT = "…";
/** Longest text in a message. */
const MAX_QUOTED = 80;

/** Longest target in an event, in UTF-16 code units. The longest Linux paths do not fit; readable ones do. */
export const MAX_TARGET_LENGTH = 1024;
/** Longest name of a cell in an event, in UTF-16 code units. */
export const MAX_CELL_LENGTH = 128;
/** Longest policy name in an event, in UTF-16 code units: the 128 code points that a policy's name may have. */
export const MAX_POLICY_NAME_LENGTH = 256;

/** Longest description of a rule. */
export const MAX_DESCRIPTION_LENGTH = 300;
/** Longest explanation of an event: the texts that it quotes have at most 80 characters, a rule's description {@link MAX_DESCRIPTION_LENGTH}. */
export const MAX_EXPLANATION_LENGTH = 1500;
/** Longest name of a rule's owner. */
export const MAX_OWNER_LENGTH = 100;

/**
 * Makes guest text safe to store and print: well-formed Unicode without control, bidirectional, invisible or look-alike blank
 * characters (each becomes `\u{hex}`, the backslash `\\`), at most `max` UTF-16 code units. A cut ends in `…`, and never splits a
 * character or an escape.
 *
 * @remarks Two different texts that are not cut always give different clean texts. For that, escapes are escaped too, so clean a
 *   text only once, where it enters. {@link isCleanText} tells whether a text is clean already.
 */
export function cleanText(text: string, max: number): string {
  if (text.length <= max && PLAIN.test(text)) return text;
  // Cut before escaping too, so that a 100 MB string costs no more than a short one. A surrogate pair that this cut splits lies
  // behind the second cut.
  const escaped = escape(text.length <= max ? text : text.slice(0, max + 1));
  if (text.length <= max && escaped.length <= max) return escaped;
  return cut(escaped, max);
}

/** Prepares text from outside for a message: clean, short, in quotes. */
export function quoted(text: string): string {
  return `"${cleanText(text, MAX_QUOTED)}"`;
}

/** As {@link quoted}, of text that is clean already: cleaned twice, its escapes would be escaped. */
export function quotedClean(clean: string): string {
  return `"${clean.length > MAX_QUOTED ? cut(clean, MAX_QUOTED) : clean}"`;
}

/** The text that was cleaned; undefined if a part of it was cut off. */
export function uncleaned(clean: string): string | undefined {
  return clean.endsWith(CUT) ? undefined : unescape(clean);
}

/** Whether {@link cleanText} can return this text for this `max`. */
export function isCleanText(text: string, max: number): boolean {
  if (text.length > max) return false;
  if (PLAIN.test(text)) return true;
  const body = text.endsWith(CUT) ? text.slice(0, -1) : text;
  return escape(unescape(body)) === body;
}

function escape(text: string): string {
  return text.replace(HOSTILE, (char) =>
    char === "\\" ? "\\\\" : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function unescape(text: string): string {
  return text.replace(ESCAPE, (written, hex: string | undefined) => {
    if (hex === undefined) return "\\";
    const codePoint = Number.parseInt(hex, 16);
    return codePoint > 0x10ffff ? written : String.fromCodePoint(codePoint);
  });
}

function cut(escaped: string, max: number): string {
  if (max < 1) return "";
  let end = 0;
  for (const [token] of escaped.matchAll(TOKEN)) {
    if (end + token.length > max - 1) break;
    end += token.length;
  }
  // Copy through a buffer: a slice would keep alive the string that it was cut from, here the guest's 100 MB.
  return Buffer.from(escaped.slice(0, end) + CUT).toString();
}
