import { CloneCursor, TooMuch } from "./cursor.ts";

/**
 * What a value may cost to decode, in units of about 10 ns: 25 ms. Node decodes a value in one go, on the host's only thread,
 * which stands still meanwhile.
 */
const MAX_COST = 2_500_000;

/** What a value may take in memory: so many bytes, and so many more for each that it came in. 13 can be 33 million places. */
const MAX_MEMORY = 4 * 1024 * 1024;
const MAX_MEMORY_PER_BYTE = 16;

/** What the value would cost whose bytes are read. */
export class CloneBill extends CloneCursor {
  protected cost = 0;
  protected memory = 0;
  readonly #maxMemory: number;

  constructor(bytes: Buffer) {
    super(bytes);
    this.#maxMemory = MAX_MEMORY + MAX_MEMORY_PER_BYTE * bytes.length;
  }

  /** Adds to what it costs, which is looked at where a container ends and where a class of objects would be made. */
  protected take(cost: number, memory: number): void {
    this.cost += cost;
    this.memory += memory;
  }

  protected mustBeBounded(): void {
    if (this.cost > MAX_COST)
      throw new TooMuch("it holds too much to be decoded at once: send it in parts or as text");
    if (this.memory > this.#maxMemory)
      throw new TooMuch("it takes far more memory than its bytes: send it in parts or as text");
  }
}
