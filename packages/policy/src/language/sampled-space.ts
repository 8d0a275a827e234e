import type { PatternSet, Space } from "./space.ts";

/** One target, and the patterns that cover it. */
export interface Sample {
  readonly target: string;
  readonly coveredBy: readonly string[];
}

/** A space whose patterns tell few classes of targets apart, so that it can list the shortest target of each. */
export class SampledSpace implements Space {
  readonly #byPattern = new Map<string, Sample[]>();

  /** @param samples The shortest target of each class that the patterns tell apart; classes that no pattern covers may be left out. */
  constructor(samples: Iterable<Sample>) {
    for (const sample of [...samples].toSorted(byLength)) {
      for (const pattern of sample.coveredBy) {
        const others = this.#byPattern.get(pattern);
        if (others === undefined) this.#byPattern.set(pattern, [sample]);
        else others.push(sample);
      }
    }
  }

  shortest(
    [first = [], ...others]: readonly PatternSet[],
    outside: PatternSet,
  ): string | undefined {
    const sets = others.map((set) => new Set(set));
    const excluded = new Set(outside);
    const fits = ({ coveredBy }: Sample): boolean =>
      sets.every((set) => coveredBy.some((pattern) => set.has(pattern))) &&
      !coveredBy.some((pattern) => excluded.has(pattern));
    const found = first.flatMap((pattern) => this.#byPattern.get(pattern)?.find(fits) ?? []);
    return found.toSorted(byLength)[0]?.target;
  }
}

function byLength({ target: one }: Sample, { target: other }: Sample): number {
  return one.length - other.length || (one < other ? -1 : Number(one > other));
}
