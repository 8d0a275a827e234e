import type { DenialEvent } from "@pyisolate/policy";

/** Events that a burst keeps besides its first and last. */
const SIZE = 8;

/**
 * A few of a burst's events, each with the same chance to be among them, wherever in the burst it came: a scan cannot hide
 * what it is after behind its first hundred targets. Vitter's and Li's algorithm L, which decides when it keeps one which will
 * be the next, so that all others cost a comparison.
 */
export class ReservoirSample {
  readonly #kept: DenialEvent[] = [];
  #weight = 1;

  /** Keeps the burst's event number `count`. @returns the number of the next one to be kept. */
  keep(event: DenialEvent, count: number): number {
    if (this.#kept.length < SIZE) {
      this.#kept.push(event);
      if (this.#kept.length < SIZE) return count + 1;
    } else {
      this.#kept[Math.floor(Math.random() * SIZE)] = event;
    }
    this.#weight *= Math.exp(Math.log(random()) / SIZE);
    const skipped = Math.floor(Math.log(random()) / Math.log1p(-this.#weight));
    return count + 1 + skipped;
  }

  /** In the order in which they happened. */
  get events(): readonly DenialEvent[] {
    return this.#kept.toSorted((a, b) => a.seq - b.seq);
  }
}

// Never 0: its logarithm is infinite.
function random(): number {
  return 1 - Math.random();
}
