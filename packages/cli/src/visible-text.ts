/** A piece of untrusted text: visible text as it is, or the name of a character that would not be visible. */
export interface Piece {
  readonly kind: "text" | "character";
  readonly text: string;
}

// All characters that could hide, reorder or cover text: controls, direction marks, joiners, blanks of every width, private and
// unassigned characters, letters that show nothing, and more than two marks on one letter.
const HIDING =
  /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}|(?<=\p{M}{2})\p{M}/gu;

/** How many characters of untrusted text a page shows by default. */
const MOST_CHARACTERS = 160;

/** Splits untrusted text into pieces, cut, with each character named that would not be visible as itself. */
export function visible(
  text: string,
  most: number = MOST_CHARACTERS,
): { readonly pieces: readonly Piece[]; readonly left: number } {
  const characters = Array.from(text.toWellFormed());
  const shown = characters.slice(0, most).join("");
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of shown.matchAll(HIDING)) {
    if (match.index > end) pieces.push({ kind: "text", text: shown.slice(end, match.index) });
    pieces.push({ kind: "character", text: nameOf(match[0]) });
    end = match.index + match[0].length;
  }
  if (end < shown.length) pieces.push({ kind: "text", text: shown.slice(end) });
  return { pieces, left: Math.max(0, characters.length - most) };
}

/** The same as plain text, for places that cannot hold elements, such as titles and labels in a drawing. */
export function plain(text: string, most = 60): string {
  const { pieces, left } = visible(text, most);
  const words = pieces.map(({ kind, text }) => (kind === "text" ? text : `<${text}>`)).join("");
  return left > 0 ? `${words}…` : words;
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
