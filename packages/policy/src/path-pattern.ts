import { HOSTILE_CHARACTERS, quoted } from "./text.ts";

/** Longest pattern, and longest path that one can match, in UTF-16 code units: Linux's PATH_MAX. */
export const MAX_PATH_LENGTH = 4096;

const LITERAL = `[^/*?\\[\\]{}${HOSTILE_CHARACTERS}]`;
/** Not `.`, `..` or a `**` beside something else. One literal at a time, so that there is one way to match and no blow-up. */
const SEGMENT = `(?!\\.{1,2}(?:/|$))\\*?(?:${LITERAL}\\*?)*`;
const PATTERN = `(?:/|(?:/\\*\\*|\\*\\*|/(?=[^/])${SEGMENT})(?:/\\*\\*|/(?=[^/])${SEGMENT})*)`;

/**
 * A pattern over absolute paths: literal segments, `*` for any run of characters within one, `**` for any number of
 * whole segments. Begins with `/`, or with a `**` segment.
 */
export const PATH_PATTERN = new RegExp(`^${PATTERN}$`, "u");

/** A literal absolute path. */
export const LITERAL_PATH = new RegExp(`^(?:/(?!\\.{1,2}(?:/|$))${LITERAL}+)+$`, "u");

/** What is wrong with a path pattern, and what to write instead. Undefined where nothing is. */
export function pathMistake(pattern: string): string | undefined {
  const segments = pattern.split("/");
  if (pattern === "") return 'is empty; write an absolute path, or "/**" for every path';
  if (pattern.length > MAX_PATH_LENGTH) return `is longer than ${MAX_PATH_LENGTH} characters`;
  if (pattern.includes("\\"))
    return "has a backslash; paths are separated by /, and nothing is escaped";
  const unclear = /[?[\]{}]/.exec(pattern);
  if (unclear !== null) {
    return `has "${unclear[0]}", which is neither literal nor a wildcard here; the wildcards are * and **`;
  }
  if (segments.includes("..")) return 'has a ".." segment; write the path that is meant';
  if (segments.includes(".")) return 'has a "." segment; leave it out';
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
    return `has ${quoted(joined)}; ** stands alone between slashes, * is for within a segment`;
  }
  return PATH_PATTERN.test(pattern) ? undefined : "has control, invisible or look-alike characters";
}

/** Compiles a pattern that {@link PATH_PATTERN} accepts. The matcher takes a path that `isCanonicalPath` accepts. */
export function compilePath(pattern: string): (path: string) => boolean {
  const segments = (pattern.startsWith("/") ? pattern.slice(1) : pattern).split("/");
  if (segments.every((segment) => segment === "**")) return () => true;
  if (!pattern.includes("*")) return (path) => path === pattern;
  const stars = segments.filter((segment) => segment.includes("*")).length;
  if (stars === 1 && segments.at(-1) === "**") {
    const below = pattern.slice(0, -2);
    const itself = below.slice(0, -1);
    return (path) => path.startsWith(below) || path === itself;
  }
  if (stars === 1 && segments[0] === "**") {
    const end = `/${segments.slice(1).join("/")}`;
    return (path) => path.endsWith(end);
  }
  const parts = segments.map((segment) => (segment === "**" ? null : segment.split("*")));
  return (path) => matchSegments(parts, path);
}

/**
 * Greedy, with one point of return: the last `**`. A later match of what stands before it can never help, so that the
 * work is at most path times pattern, whatever they are.
 */
function matchSegments(parts: readonly (readonly string[] | null)[], path: string): boolean {
  let part = 0;
  let at = path === "/" ? 2 : 1;
  let returnPart = -1;
  let returnAt = -1;
  while (at <= path.length) {
    const wanted = parts[part];
    const end = segmentEnd(path, at);
    if (wanted === null) {
      returnPart = part;
      returnAt = at;
      part += 1;
    } else if (wanted !== undefined && matchSegment(wanted, path, at, end)) {
      part += 1;
      at = end + 1;
    } else if (returnPart >= 0) {
      returnAt = segmentEnd(path, returnAt) + 1;
      at = returnAt;
      part = returnPart + 1;
    } else return false;
  }
  while (parts[part] === null) part += 1;
  return part === parts.length;
}

/** Whether literals, with anything between them, make up a segment: the first at its start, the last at its end. */
function matchSegment(
  literals: readonly string[],
  path: string,
  start: number,
  end: number,
): boolean {
  const first = literals[0] ?? "";
  const last = literals.at(-1) ?? "";
  if (literals.length === 1) return end - start === first.length && path.startsWith(first, start);
  let at = start + first.length;
  const stop = end - last.length;
  if (at > stop || !path.startsWith(first, start) || !path.startsWith(last, stop)) return false;
  for (let index = 1; index < literals.length - 1; index += 1) {
    const literal = literals[index] ?? "";
    const found = path.indexOf(literal, at);
    if (found < 0 || found + literal.length > stop) return false;
    at = found + literal.length;
  }
  return true;
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf("/", start);
  return slash < 0 ? path.length : slash;
}
