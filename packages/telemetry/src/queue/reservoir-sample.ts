import type { DenialEvent } from "@pyisolate/policy";

/** Events kept of a burst, besides its first and last. */
const SIZE = 8;

/**
 * A few of a burst's events, chosen uniformly: a scan cannot hide the target it is after behind its first hundred. This is
 * reservoir sampling by Li's algorithm L, which chooses the next event to keep when it keeps one, so that each other event
 * costs one comparison.
 */
export class ReservoirSample {
  readonly #kept: DenialEvent[] = [];
  #weight = 1;

  /** Keeps the burst's event number `count`. @returns the number of the next event to keep. */
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

  /** The kept events, in the order in which they happened. */
  get events(): readonly DenialEvent[] {
    return this.#kept.toSorted((a, b) => a.seq - b.seq);
  }
}

// Never 0, whose logarithm is infinite.
function random(): number {
  return 1 - Math.random();
}
