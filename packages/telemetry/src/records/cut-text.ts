/** One character of clean text, or one escape. */
const TOKEN = /\\\\|\\u\{[0-9a-f]+\}|[^]/gu;
const CUT = "…";

/** Clean text, shortened to `max` UTF-16 code units; the cut splits no character and no escape, and is marked. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    if (end + token.length > max - 1) break;
    end += token.length;
  }
  return text.slice(0, end) + CUT;
}
