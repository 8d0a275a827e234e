import { CloneCursor, TooMuch } from "./cursor.ts";

/**
 * Highest cost of decoding a value, in units of about 10 ns: 25 ms. Node decodes a value in one go on the host's only thread,
 * which can do nothing else meanwhile.
 */
const MAX_COST = 2_500_000;

/**
 * Most memory that a value may take: a base, and so much for each byte of its clone. Without it, 13 bytes can ask for an array of
 * 33 million places.
 */
const MAX_MEMORY = 4 * 1024 * 1024;
const MAX_MEMORY_PER_BYTE = 16;

/** The sum is checked once for so many values of a container: each time would cost a tenth of the walk. */
const CHECKED = 1024;

/** Adds up what the value in the bytes would cost to decode. */
export class CloneBill extends CloneCursor {
  protected cost = 0;
  protected memory = 0;
  readonly #maxMemory: number;

  constructor(bytes: Buffer) {
    super(bytes);
    this.#maxMemory = MAX_MEMORY + MAX_MEMORY_PER_BYTE * bytes.length;
  }

  /** Adds to the cost. The sum is checked with every {@link CHECKED} values of a container, at its end, and at a new class. */
  protected take(cost: number, memory: number): void {
    this.cost += cost;
    this.memory += memory;
  }

  /** Checks the sum for some of a container's values. Without it, the walk over one container of 64 MiB takes most of a second. */
  protected mustBeBoundedAt(index: number): void {
    if (index % CHECKED === 0) this.mustBeBounded();
  }

  protected mustBeBounded(): void {
    if (this.cost > MAX_COST)
      throw new TooMuch("it holds too much to be decoded at once: send it in parts or as text");
    if (this.memory > this.#maxMemory)
      throw new TooMuch("it takes far more memory than its bytes: send it in parts or as text");
  }
}
