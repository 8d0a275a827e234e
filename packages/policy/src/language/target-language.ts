import { MAX_TARGET, SEPARATORS } from "../match/target-pattern.ts";
import { anyOtherThan } from "./other-character.ts";
import type { PatternLanguage } from "./pattern-space.ts";

const SEPARATOR_CODES = Array.from(SEPARATORS, (separator) => separator.charCodeAt(0));
const [TEXT, HALF] = [0, 1];

/** Patterns of the targets of capabilities that a policy declares. */
export const TARGETS: PatternLanguage = {
  separators: SEPARATOR_CODES,
  // What `canonicalTarget` accepts: no control characters, no halves of characters.
  form: {
    start: TEXT,
    step: (state, code) => {
      if (code >= 0xdc00 && code <= 0xdfff) return state === HALF ? TEXT : -1;
      if (state === HALF || isControl(code)) return -1;
      return code >= 0xd800 && code <= 0xdbff ? HALF : TEXT;
    },
    accepts: (state) => state === TEXT,
    longest: MAX_TARGET,
    anyOther: anyOtherThan((code) => isControl(code) || SEPARATOR_CODES.includes(code)),
  },
  compile: (pattern, rests) => {
    let rest = rests.end;
    for (const part of pattern.split(/(\*\*?)/).toReversed()) {
      if (part === "**") rest = rests.any(rest);
      else if (part === "*") rest = rests.star(rest);
      else {
        for (let at = part.length - 1; at >= 0; at -= 1) {
          rest = rests.char(part.charCodeAt(at), rest);
        }
      }
    }
    return rest;
  },
  startOf: (pattern) => pattern.replace(/\*[^]*/, ""),
  spell: (text) => text,
};

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}
