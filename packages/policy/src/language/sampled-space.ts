import type { Effort } from "./effort.ts";
import type { Includes, PatternSet, Space } from "./space.ts";

/** One target, and the patterns that cover it. */
export interface Sample {
  readonly target: string;
  readonly coveredBy: readonly string[];
}

/** About what a sample takes, and each pattern that covers it. */
const [BYTES_OF_SAMPLE, BYTES_OF_PATTERN] = [200, 20];

/** A space whose patterns tell few classes of targets apart, so that it can list the shortest target of each. */
export class SampledSpace implements Space {
  readonly #byPattern = new Map<string, Sample[]>();
  readonly #effort: Effort;

  /** @param samples The shortest target of each class that the patterns tell apart; classes that no pattern covers may be left out. */
  constructor(samples: Iterable<Sample>, effort: Effort) {
    this.#effort = effort;
    const kept: Sample[] = [];
    for (const sample of samples) {
      effort.spend(10 + sample.coveredBy.length * 5);
      effort.keep(BYTES_OF_SAMPLE + sample.coveredBy.length * BYTES_OF_PATTERN);
      kept.push(sample);
    }
    for (const sample of kept.toSorted(byLength)) {
      for (const pattern of sample.coveredBy) {
        const others = this.#byPattern.get(pattern);
        if (others === undefined) this.#byPattern.set(pattern, [sample]);
        else others.push(sample);
      }
    }
  }

  around(patterns: PatternSet): PatternSet {
    const found = new Set<string>();
    for (const pattern of patterns) {
      for (const { coveredBy } of this.#byPattern.get(pattern) ?? []) {
        this.#effort.spend(coveredBy.length + 1);
        for (const each of coveredBy) found.add(each);
      }
    }
    return [...found];
  }

  shortest(first: PatternSet, others: readonly Includes[], outside: Includes): string | undefined {
    const fits = ({ coveredBy }: Sample): boolean => {
      this.#effort.spend(coveredBy.length + 1);
      return others.every((includes) => coveredBy.some(includes)) && !coveredBy.some(outside);
    };
    const found = first.flatMap((pattern) => this.#byPattern.get(pattern)?.find(fits) ?? []);
    return found.toSorted(byLength)[0]?.target;
  }
}

function byLength({ target: one }: Sample, { target: other }: Sample): number {
  return one.length - other.length || (one < other ? -1 : Number(one > other));
}
