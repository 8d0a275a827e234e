/** The names that only CommonJS has, on a line that is no comment. */
const SPEAKS =
  /^(?!\s*(?:\/\/|\*)).*?(?<![\w$.])(?:module\.exports\b|exports[.[]|require\.main\b)/m;
const STARTS = /(?<![\w$.])require\.main\b/;
const ASKS = /\btypeof\s+(?:module|exports)\b/;

/**
 * Whether a plain script is written as a CommonJS module, so that it gets `module`, `exports` and `require.main`. One that asks
 * whether there is a `module` runs without as well, as in a browser, and there makes what it offers global. But one that compares
 * it with `require.main` would not start.
 */
export function isCommonJs(source: string): boolean {
  return SPEAKS.test(source) && (STARTS.test(source) || !ASKS.test(source));
}
