/** One published number: a ratio, or a time where the target is one, against what was promised. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "x" | "us" | "ms" | "MiB";
  /** The bound that was promised; undefined for a figure that only compares two ways. */
  readonly target?: number;
  /** Whether `target` is a lower bound. */
  readonly atLeast?: boolean;
}

export function printFigures(figures: readonly Figure[]): void {
  process.stdout.write(
    "\nFigure                                                             measured     target\n",
  );
  for (const { what, value, unit, target, atLeast = false } of figures) {
    const shown = (number: number): string =>
      `${number < 0.1 ? number.toFixed(4) : number.toFixed(2)} ${unit}`;
    const line = `${what.padEnd(64)} ${shown(value).padStart(11)}`;
    if (target === undefined) {
      process.stdout.write(`${line}\n`);
      continue;
    }
    const verdict = (atLeast ? value >= target : value <= target) ? "met" : "MISSED";
    const bound = `${atLeast ? ">=" : "<="} ${shown(target)}`;
    process.stdout.write(`${line} ${bound.padStart(13)}  ${verdict}\n`);
  }
}

/** What the figures were made from, for readers who want to check them. */
export function printMedians(
  title: string,
  medians: ReadonlyMap<string, number>,
  unit: string,
): void {
  process.stdout.write(`\n${title} (median, ${unit})\n`);
  for (const [name, value] of medians)
    process.stdout.write(
      `  ${name.padEnd(62)} ${value.toFixed(Number.isInteger(value) || value >= 100 ? 0 : 2).padStart(11)}\n`,
    );
}
