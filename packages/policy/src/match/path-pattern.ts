import { HOSTILE_CHARACTERS, quoted } from "../clean-text.ts";
import { CELL_PLACEHOLDER } from "./cell-placeholder.ts";

/** Longest pattern, and longest path that one can match, in UTF-16 code units: Linux's PATH_MAX. */
export const MAX_PATH_LENGTH = 4096;

const LITERAL = `[^/*?\\[\\]{}${HOSTILE_CHARACTERS}]`;
/**
 * A segment other than `.` and `..`, without `**` beside other characters. It consumes one literal at a time, so there is only
 * one way to match and no exponential backtracking.
 */
const SEGMENT = `(?!\\.{1,2}(?:/|$))\\*?(?:(?:\\$\\{cell\\}|${LITERAL})\\*?)*`;
const PATTERN = `(?:/|(?:/\\*\\*|\\*\\*|/(?=[^/])${SEGMENT})(?:/\\*\\*|/(?=[^/])${SEGMENT})*)`;

/**
 * A pattern over absolute paths: literal segments, `*` for any characters within a segment, `**` for any number of whole
 * segments, `${cell}` for the cell's name. It begins with `/`, or with a `**` segment.
 */
export const PATH_PATTERN = new RegExp(`^${PATTERN}$`, "u");

const PATH_SEGMENT = new RegExp(`^(?!\\.{1,2}$)${LITERAL}+$`, "u");

/** Whether a name is one literal segment of a path. */
export function isPathSegment(name: unknown): name is string {
  return typeof name === "string" && PATH_SEGMENT.test(name);
}

/** A literal absolute path. */
export const LITERAL_PATH = new RegExp(`^(?:/(?!\\.{1,2}(?:/|$))${LITERAL}+)+$`, "u");

/** Rewrites `/srv/**.csv` as it was meant: any directories, then `*.csv` in them. */
function apart(segments: readonly string[]): string {
  return segments
    .flatMap((segment) => {
      if (!segment.includes("**") || segment === "**") return [segment];
      const [before = "", after = ""] = segment.split(/\*\*+/);
      return [
        ...(before === "" ? [] : [`${before}*`]),
        "**",
        ...(after === "" ? [] : [`*${after}`]),
      ];
    })
    .join("/");
}

/** What is wrong with a path pattern, and what to write instead; undefined if it is valid. */
export function pathMistake(written: string): string | undefined {
  // Any literal name: what is wrong with the rest is wrong with any.
  const pattern = written.replaceAll(CELL_PLACEHOLDER, "cell");
  const segments = pattern.split("/");
  if (pattern === "") return 'is empty; write an absolute path, or "/**" for every path';
  if (pattern.length > MAX_PATH_LENGTH) return `is longer than ${MAX_PATH_LENGTH} characters`;
  if (pattern.includes("\\"))
    return "has a backslash; paths are separated by /, and nothing is escaped";
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern)) {
    return "is a URL; write the path alone, beginning with /";
  }
  if (/^(?:~|\$|%)/.test(pattern)) {
    return "begins with what a shell would replace, and nothing is replaced here; write the whole path, such as /home/app/data";
  }
  if (pattern.startsWith("!")) {
    return "begins with !, and there is no negation; write a rule with effect: deny";
  }
  if (pattern.startsWith("^")) {
    return "is a regular expression; write a path, with * within a segment and ** for any directories";
  }
  const place = /\$\{[^/}]*\}/.exec(pattern);
  if (place !== null)
    return `has ${quoted(place[0])}; only ${CELL_PLACEHOLDER}, the cell's name, is replaced in a path`;
  const unclear = /[?[\]{}]/.exec(pattern);
  if (unclear !== null) {
    return `has "${unclear[0]}", which is neither literal nor a wildcard here; the wildcards are * and **${unclear[0] === "{" ? ", so write an entry for each" : ""}`;
  }
  if (segments.includes("..")) return 'has a ".." segment; write the path that is meant';
  if (segments.includes(".")) {
    return segments[0] === "."
      ? `is relative; write the whole path, such as ${quoted(`/srv${pattern.slice(1)}`)}`
      : 'has a "." segment; leave it out';
  }
  if (!pattern.startsWith("/") && segments[0] !== "**") {
    return `is relative; begin with "/", as in ${quoted(`/${pattern}`)}, or with "**/" for any directory`;
  }
  if (pattern.length > 1 && pattern.endsWith("/")) {
    const directory = pattern.replace(/\/+$/, "");
    return `ends with a slash; write ${quoted(directory || "/")} for the directory itself, ${quoted(`${directory}/**`)} for it and everything below`;
  }
  if (pattern.includes("//")) return "has an empty segment; write one slash";
  const joined = segments.find((segment) => segment.includes("**") && segment !== "**");
  if (joined !== undefined) {
    return `has ${quoted(joined)}; ** stands alone between slashes, * is for within a segment; write ${quoted(apart(segments))}`;
  }
  return PATH_PATTERN.test(pattern) ? undefined : "has control, invisible or look-alike characters";
}
