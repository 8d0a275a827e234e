import { Malformed } from "./guard.ts";

/** Longest head that a guest may send, in UTF-16 code units: servers take 8 to 16 KiB. */
const MAX_HEAD = 16_384;

/** Names that a guest may not set, because they say which host the request is for or where it ends (Fetch, forbidden request-headers). */
const FORBIDDEN = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

/**
 * Reads the headers of a request. Names come out in lower case and once each: the values of names that differ in case only are
 * joined.
 *
 * @param headers JSON, an array of pairs, as the guest runtime writes it.
 * @throws Malformed for text that is not a header, and for a header that a guest may not set.
 */
export function headerPairs(headers: unknown, target: string): [string, string][] {
  if (typeof headers === "string" && headers.length > 8 * MAX_HEAD)
    throw new Malformed("the headers are too long", target);
  const joined = new Map<string, string>();
  let length = 0;
  for (const [name, value] of pairsOf(headers, target)) {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower))
      throw new Malformed("a header's name is not a token", target);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw new Malformed("a header's value holds control characters", target);
    if (FORBIDDEN.has(lower) || lower.startsWith("proxy-"))
      throw new Malformed("a header is forbidden", target);
    length += lower.length + value.length + 4;
    if (length > MAX_HEAD) throw new Malformed("the headers are too long", target);
    const before = joined.get(lower);
    joined.set(
      lower,
      before === undefined ? value : `${before}${lower === "cookie" ? "; " : ", "}${value}`,
    );
  }
  return [...joined];
}

function pairsOf(headers: unknown, target: string): [string, string][] {
  let pairs: unknown;
  try {
    pairs = typeof headers === "string" ? JSON.parse(headers) : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    pairs = null;
  }
  const isPair = (pair: unknown): pair is [string, string] =>
    Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "string";
  if (!Array.isArray(pairs) || !pairs.every(isPair))
    throw new Malformed("the headers are not a record of texts", target);
  return pairs;
}
