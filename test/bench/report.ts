/** One published number: a ratio, or a time where the target is one, against what was promised. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "x" | "ms" | "MiB";
  /** Most that it may be. */
  readonly target: number;
}

export function printFigures(figures: readonly Figure[]): void {
  process.stdout.write(
    "\nFigure                                                             measured     target\n",
  );
  for (const { what, value, unit, target } of figures) {
    const shown = (number: number): string =>
      `${number < 0.1 ? number.toFixed(4) : number.toFixed(2)} ${unit}`;
    const verdict = value <= target ? "met" : "MISSED";
    process.stdout.write(
      `${what.padEnd(64)} ${shown(value).padStart(11)} ${`<= ${shown(target)}`.padStart(13)}  ${verdict}\n`,
    );
  }
}

/** What the figures were made from, for whoever wants to check them. */
export function printMedians(
  title: string,
  medians: ReadonlyMap<string, number>,
  unit: string,
): void {
  process.stdout.write(`\n${title} (median, ${unit})\n`);
  for (const [name, value] of medians)
    process.stdout.write(
      `  ${name.padEnd(62)} ${value.toFixed(value < 100 ? 2 : 0).padStart(11)}\n`,
    );
}
