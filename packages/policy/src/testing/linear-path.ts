// The path matcher of before the index, one pattern at a time; see linear-decide.ts.

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
