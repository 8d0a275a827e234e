/** The word that was probably meant: the nearest of several, if it is near enough for a typing mistake. */
export function didYouMean(written: string, words: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const folded = fold(written);
  const same = words.find((word) => fold(word) === folded);
  if (same !== undefined) return same;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const word of words) {
    const distance = Math.min(slips(written, word), slips(folded, fold(word)));
    // Allow one mistake in a word of any length, two from six letters on, three from nine.
    if (distance <= Math.max(1, Math.floor(word.length / 3)) && distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best;
}

/** Longer text is not compared. All words that are compared with are less than half as long. */
const MAX_LENGTH = 40;

/** Makes `cpuMs`, `CPU_MS` and `cpu-ms` the same word. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The Damerau-Levenshtein distance of two words, in its optimal string alignment form: insertions, deletions, substitutions and
 * swaps of neighbours.
 */
function slips(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let distance = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1]
      ) {
        distance = Math.min(distance, (before[column - 2] ?? 0) + 1);
      }
      current.push(distance);
    }
    before = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
