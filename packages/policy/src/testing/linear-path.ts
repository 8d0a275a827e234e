// The README's table of path patterns, as regular expressions. Written from its words and not from the matcher, which shares no line with
// it, so that a fault of the one shows against the other.

/** Says whether a pattern that {@link PATH_PATTERN} accepts covers a path in the form of {@link canonicalPath}. */
export function compilePath(pattern: string): (path: string) => boolean {
  // `**/.env` means the same as `/**/.env`.
  const rooted = pattern.startsWith("/") ? pattern : `/${pattern}`;
  const whole = new RegExp(`^${segmentsOf(rooted).map(expressionOf).join("")}$`);
  // The root has no segment.
  return (path) => whole.test(path === "/" ? "" : path);
}

function segmentsOf(pattern: string): readonly string[] {
  return pattern === "/" ? [] : pattern.slice(1).split("/");
}

function expressionOf(segment: string): string {
  // Any number of whole segments, none too: so `/srv/data/**` covers `/srv/data` itself.
  if (segment === "**") return "(?:/[^/]*)*";
  // `*`: any characters of one segment, none too.
  return `/${segment
    .split("*")
    .map((literal) => RegExp.escape(literal))
    .join("[^/]*")}`;
}
