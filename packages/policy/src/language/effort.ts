/** A comparison took more work or memory than one may: the patterns are so many, or so entangled. */
export class TooEntangledError extends Error {
  override get name(): string {
    return "TooEntangledError";
  }
}

/** Most steps of one comparison of two policies: one to two seconds on a machine of today. */
const MOST_STEPS = 36_000_000;
/** Most bytes that it keeps, as far as they are counted: states, what is left of patterns in each, and samples. */
const MOST_BYTES = 240_000_000;

/**
 * What one comparison may still cost, whichever of its parts spends it. Counted and not measured: the same policies give the same
 * answer on every machine, however busy it is.
 */
export class Effort {
  #steps = MOST_STEPS;
  #bytes = MOST_BYTES;

  /** @throws TooEntangledError if that is more than is left. */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw tooEntangled("time");
  }

  /** @throws TooEntangledError if that is more than is left. */
  keep(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw tooEntangled("memory");
  }

  /** How many bytes are kept. */
  get kept(): number {
    return MOST_BYTES - this.#bytes;
  }

  /** Gives back what {@link keep} took. */
  release(bytes: number): void {
    this.#bytes += bytes;
  }
}

function tooEntangled(what: string): TooEntangledError {
  return new TooEntangledError(
    `these patterns are too many, or overlap in too many ways, to be compared in bounded ${what}; ` +
      "compare fewer rules at a time, or write ** and more than one * in a segment less often",
  );
}
