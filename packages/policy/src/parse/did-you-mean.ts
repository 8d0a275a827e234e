/** The word that was probably meant: the nearest of some, where it is near enough to be a slip of the hand. */
export function didYouMean(written: string, words: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const folded = fold(written);
  const same = words.find((word) => fold(word) === folded);
  if (same !== undefined) return same;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const word of words) {
    const distance = Math.min(slips(written, word), slips(folded, fold(word)));
    // One slip in a word of any length, two from six letters on, three from nine.
    if (distance <= Math.max(1, Math.floor(word.length / 3)) && distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best;
}

/** No word that is asked for is half as long. */
const MAX_LENGTH = 40;

/** `cpuMs`, `CPU_MS` and `cpu-ms` are one word written by different habits. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The insertions, deletions, substitutions and swaps of neighbours between two words: Damerau-Levenshtein distance in
 * its optimal string alignment form.
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
