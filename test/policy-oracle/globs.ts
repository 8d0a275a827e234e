import { isBuiltin } from "node:module";

// What the README says of patterns that are texts, read anew: nothing here may come from packages/policy/src/match.

const LONGEST_TARGET = 4096;

/** The segments of a path; undefined for a path that is never allowed. */
export function pathSegments(path: string): readonly string[] | undefined {
  if (!path.startsWith("/") || path.includes("\0") || !path.isWellFormed()) return undefined;
  if (path.length > LONGEST_TARGET) return undefined;
  if (path === "/") return [];
  const segments = (path.endsWith("/") ? path.slice(0, -1) : path).slice(1).split("/");
  return segments.some((segment) => ["", ".", ".."].includes(segment)) ? undefined : segments;
}

/** Whether a pattern of `paths` covers a path, given by its segments. */
export function pathCovers(pattern: string, segments: readonly string[]): boolean {
  const rooted = pattern.startsWith("**/") ? `/${pattern}` : pattern;
  const wanted = rooted === "/" ? [] : rooted.slice(1).split("/");
  return itemsCover(wanted, segments, (one, segment) => starMatches(one, segment, "."));
}

/** Whether the patterns of a command's arguments cover the arguments. */
export function argumentsCover(wanted: readonly string[], args: readonly string[]): boolean {
  return itemsCover(wanted, args, (one, argument) => starMatches(one, argument, "."));
}

/** Items in their order, where a "**" stands for any number of them. */
function itemsCover(
  wanted: readonly string[],
  items: readonly string[],
  covers: (pattern: string, item: string) => boolean,
): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return items.length === 0;
  if (first !== "**") {
    return (
      items[0] !== undefined && covers(first, items[0]) && itemsCover(rest, items.slice(1), covers)
    );
  }
  return Array.from({ length: items.length + 1 }, (_, skipped) => skipped).some((skipped) =>
    itemsCover(rest, items.slice(skipped), covers),
  );
}

/** A pattern of `tools`: a star is any text without a dot, two are any text. */
export function toolCovers(pattern: string, name: string): boolean {
  return starMatches(pattern, name, "[^.]", ".");
}

/** A function of the host: names of JavaScript, of ASCII alone, with dots between them. */
export function isToolName(name: string): boolean {
  return /^[A-Za-z$_][\w$]*(\.[A-Za-z$_][\w$]*)*$/.test(name);
}

/** A pattern of `targets`: a star is one segment's characters, two are any characters. */
export function targetCovers(pattern: string, target: string): boolean {
  return starMatches(pattern, target, "[^./:]", ".");
}

export function isMalformedTarget(target: string): boolean {
  return target.length > LONGEST_TARGET || !target.isWellFormed() || /\p{Cc}/u.test(target);
}

/** One spelling for each module, undefined for what is never allowed: `node:` is the only prefix, and names are not places. */
export function moduleName(name: string): string | undefined {
  const bare = name.startsWith("node:") ? name.slice("node:".length) : name;
  if (bare === "" || bare.includes(":") || bare.startsWith(".") || bare.startsWith("/"))
    return undefined;
  return isBuiltin(name) ? `node:${bare}` : name;
}

function starMatches(pattern: string, text: string, star: string, twoStars = star): boolean {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part === "**") return `${twoStars}*`;
    return part === "*" ? `${star}*` : RegExp.escape(part);
  });
  return new RegExp(`^${parts.join("")}$`, "s").test(text);
}
