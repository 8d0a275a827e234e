/** One thing to be measured: runs the work `times` times and returns the nanoseconds that one run took. */
export interface Case {
  readonly name: string;
  run(times: number): Promise<number> | number;
}

/**
 * The samples of each case over interleaved rounds: whatever slows the machine slows all cases alike. The first of a round is another one
 * each time: what a case leaves to the next, such as garbage to be collected, is then as often on each side.
 */
export async function sideBySide(
  cases: readonly Case[],
  { rounds, times }: { readonly rounds: number; readonly times: number },
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (const { run } of cases) await run(Math.ceil(times / 2));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < cases.length; turn++) {
      const next = cases[(round + turn) % cases.length];
      if (next !== undefined) samples.get(next.name)?.push(await next.run(times));
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the ratios round by round, which a slow round does not move. */
export function pairedRatio(numerator: readonly number[], denominator: readonly number[]): number {
  return median(numerator.map((value, round) => value / (denominator[round] ?? Number.NaN)));
}

/** Nanoseconds that one of `times` synchronous runs took. */
export function timed(times: number, work: () => void): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < times; index++) work();
  return Number(process.hrtime.bigint() - start) / times;
}

/** Nanoseconds of CPU time that one of `times` synchronous runs took: what others do on the machine does not count. */
export function cpuTimed(times: number, work: () => void): number {
  const start = process.cpuUsage();
  for (let index = 0; index < times; index++) work();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / times;
}
