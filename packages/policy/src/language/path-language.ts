import { MAX_PATH_LENGTH } from "../match/path-pattern.ts";
import { anyOtherThan } from "./other-character.ts";
import type { PatternLanguage } from "./pattern-space.ts";
import type { Rest, Rests } from "./rest.ts";

const SLASH = 47;
const DOT = 46;
const STAR = 42;

/** Patterns of paths. The root is the empty text here; every other path is a slash and a segment, once or more. */
export const PATHS: PatternLanguage = {
  separators: [SLASH],
  form: {
    start: 0,
    step: stepOfPath,
    accepts: (state) => state === START || state === SEGMENT,
    longest: MAX_PATH_LENGTH,
    anyOther: anyOtherThan((code) => code === SLASH || code === DOT),
  },
  compile: compilePath,
  startOf: startOfPath,
  spell: (text) => (text === "" ? "/" : text),
};

/** @param pattern As `PATH_PATTERN` accepts it. */
function compilePath(pattern: string, rests: Rests): Rest {
  const path = pattern.startsWith("/") ? pattern.slice(1) : pattern;
  let rest = rests.end;
  for (const segment of path === "" ? [] : path.split("/").toReversed()) {
    if (segment === "**") rest = rests.deep(rest);
    else {
      for (let at = segment.length - 1; at >= 0; at -= 1) {
        const code = segment.charCodeAt(at);
        rest = code === STAR ? rests.star(rest) : rests.char(code, rest);
      }
      rest = rests.char(SLASH, rest);
    }
  }
  return rest;
}

function startOfPath(pattern: string): string {
  const star = pattern.indexOf("*");
  // `/srv/**` covers `/srv` too.
  return star < 0 ? pattern : pattern.slice(0, star).replace(/\/$/, "");
}

// Where in a path a text ends: before the first segment, at a segment's start, after "." or ".." as all of a segment, in any other
// segment, between the halves of a character.
const [START, EMPTY, ONE_DOT, TWO_DOTS, SEGMENT, HALF] = [0, 1, 2, 3, 4, 5];

/** What `canonicalPath` accepts. */
function stepOfPath(state: number, code: number): number {
  if (code === 0) return -1;
  if (code >= 0xdc00 && code <= 0xdfff) return state === HALF ? SEGMENT : -1;
  if (state === HALF) return -1;
  if (code === SLASH) return state === START || state === SEGMENT ? EMPTY : -1;
  if (state === START) return -1;
  if (code >= 0xd800 && code <= 0xdbff) return HALF;
  if (code !== DOT) return SEGMENT;
  return state === EMPTY ? ONE_DOT : state === ONE_DOT ? TWO_DOTS : SEGMENT;
}
