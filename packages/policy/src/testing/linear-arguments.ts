// Arguments against their pattern, by the table of what matches up to where: another algorithm than the index's.

/** Whether arguments are those that a pattern names: `**` any number of them, `*` any characters within one. */
export function coversArguments(pattern: readonly string[], args: readonly string[]): boolean {
  return matches(
    pattern,
    args,
    (entry) => entry === "**",
    (entry, argument) =>
      matches(
        [...entry],
        [...argument],
        (char) => char === "*",
        (char, other) => char === other,
      ),
  );
}

/** Whether the items fit the pattern, of which some entries stand for any number of items. */
function matches(
  pattern: readonly string[],
  items: readonly string[],
  isAny: (entry: string) => boolean,
  fits: (entry: string, item: string) => boolean,
): boolean {
  // reached[n]: whether the entries so far fit the first n items.
  let reached = items.map(() => false);
  reached = [true, ...reached];
  for (const entry of pattern) {
    const next = reached.map(() => false);
    for (let count = 0; count <= items.length; count += 1) {
      if (isAny(entry)) next[count] = reached[count] === true || next[count - 1] === true;
      else if (count > 0)
        next[count] = reached[count - 1] === true && fits(entry, items[count - 1] ?? "");
    }
    reached = next;
  }
  return reached.at(-1) === true;
}
