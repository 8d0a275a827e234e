/** One character of clean text, or one escape. */
const TOKEN = /\\\\|\\u\{[0-9a-f]+\}|[^]/gu;
const CUT = "…";

/** Shortens clean text to `max` UTF-16 code units. The cut is marked, and splits neither a character nor an escape. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    if (end + token.length > max - 1) break;
    end += token.length;
  }
  return text.slice(0, end) + CUT;
}
