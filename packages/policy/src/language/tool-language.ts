import { isToolName, MAX_TOOL_NAME } from "../match/tool-name.ts";
import { anyOtherThan } from "./other-character.ts";
import type { PatternLanguage } from "./pattern-space.ts";
import { TARGETS } from "./target-language.ts";

const DOT = 46;
const DOLLAR = 36;
const UNDERSCORE = 95;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean =>
  (code >= 65 && code <= 90) ||
  (code >= 97 && code <= 122) ||
  code === DOLLAR ||
  code === UNDERSCORE;

// Where a name ends: at a part's start, in a part.
const [START, PART] = [0, 1];

/** Patterns of the names of tools. */
export const TOOLS: PatternLanguage = {
  ...TARGETS,
  form: {
    start: START,
    step: (state, code) => {
      if (isLetter(code)) return PART;
      if (state === START) return -1;
      if (code === DOT) return START;
      return isDigit(code) ? PART : -1;
    },
    accepts: (state) => state === PART,
    longest: MAX_TOOL_NAME,
    anyOther: anyOtherThan((code) => !isLetter(code)),
  },
  spell: (text) => (isToolName(text) ? text : undefined),
};
