import { commandLine } from "../match/command-line.ts";
import { EMPTY_ARGUMENT, MAX_ARGUMENT_CHARACTERS, SLASH_MARK } from "../match/command-index.ts";
import { anyOtherThan } from "./other-character.ts";
import { PATHS } from "./path-language.ts";
import type { PatternLanguage } from "./pattern-space.ts";

const SLASH = 47;
const DOT = 46;
const MARK = SLASH_MARK.charCodeAt(0);
const EMPTY = EMPTY_ARGUMENT.charCodeAt(0);

/** Patterns of commands and their arguments, as `commandPattern` writes them: as paths whose segments are the texts. */
export const COMMANDS: PatternLanguage = {
  ...PATHS,
  form: {
    start: 0,
    step: stepOfCommand,
    accepts: (state) => [ROOT, SEGMENT, EMPTY_OR_HALF, ARGUMENT].includes(state),
    longest: MAX_ARGUMENT_CHARACTERS,
    special: [MARK, EMPTY],
    anyOther: anyOtherThan((code) => [SLASH, DOT, MARK].includes(code) || isHalf(code)),
  },
  spell: (text) => {
    const [path = "", ...args] = text
      .slice(1)
      .split("/")
      .map((part) => (part === EMPTY_ARGUMENT ? "" : part.replaceAll(SLASH_MARK, "/")));
    return commandLine(path, args);
  },
};

// Where a text ends. In the command's path: before it, at its first and at a later segment's start, after "." or ".." as all of a
// segment, in any other segment, between the halves of a character. In an argument: at its start, after the mark of an empty one
// (which may be half a character), in it, between halves.
const [START, BEFORE, ROOT, ONE_DOT, TWO_DOTS, SEGMENT, LATER, HALF] = [0, 1, 2, 3, 4, 5, 6, 7];
const [FRESH, EMPTY_OR_HALF, ARGUMENT, ARGUMENT_HALF] = [8, 9, 10, 11];

const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLow = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;
const isHalf = (code: number): boolean => isHigh(code) || isLow(code);

/** What `canonicalCommand` makes. */
function stepOfCommand(state: number, code: number): number {
  switch (state) {
    case START:
      return code === SLASH ? BEFORE : -1;
    case BEFORE:
      return code === MARK ? ROOT : -1;
    case HALF:
      return isLow(code) ? SEGMENT : -1;
    case ARGUMENT_HALF:
      return isLow(code) ? ARGUMENT : -1;
    case EMPTY_OR_HALF:
      if (code === SLASH) return FRESH;
      return isLow(code) ? ARGUMENT : -1;
    case FRESH:
      return code === SLASH ? -1 : code === EMPTY ? EMPTY_OR_HALF : inArgument(code);
    case ARGUMENT:
      return code === SLASH ? FRESH : inArgument(code);
    default:
      return inPath(state, code);
  }
}

function inArgument(code: number): number {
  if (isHigh(code)) return ARGUMENT_HALF;
  return isLow(code) ? -1 : ARGUMENT;
}

function inPath(state: number, code: number): number {
  if (code === SLASH) return state === ROOT || state === SEGMENT ? FRESH : -1;
  if (code === MARK) return state === SEGMENT ? LATER : -1;
  if (isHigh(code)) return HALF;
  if (isLow(code)) return -1;
  if (code !== DOT || state === SEGMENT || state === TWO_DOTS) return SEGMENT;
  return state === ONE_DOT ? TWO_DOTS : ONE_DOT;
}
