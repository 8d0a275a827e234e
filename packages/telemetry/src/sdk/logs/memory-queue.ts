import { inSentOrder, type Emitted } from "./emitted-record.ts";

/** Records that wait in memory, oldest first and up to a bound, and those taken from it that are being sent. */
export class MemoryQueue {
  readonly #size: number;
  readonly #batchSize: number;
  #records: Emitted[] = [];
  #held = 0;
  #onChange: ((value: undefined) => void)[] = [];

  /**
   * @param size Most records held.
   * @param batchSize Most records in one batch.
   */
  constructor(size: number, batchSize: number) {
    this.#size = size;
    this.#batchSize = batchSize;
  }

  /** Records that wait. */
  get length(): number {
    return this.#records.length;
  }

  /** Records that wait, and those taken that are being sent. */
  get held(): number {
    return this.#held;
  }

  /** How many more records have room. */
  get free(): number {
    return this.#size - this.#held;
  }

  /**
   * Whether at most two batches are held (one being sent, and one to follow it), and at most half of what has room. An emitter that
   * waits for this never fills the queue, and still keeps the exporter busy.
   */
  get hasRoom(): boolean {
    return this.#held <= Math.min(2 * this.#batchSize, Math.floor(this.#size / 2));
  }

  /** @returns false if there is no room. */
  push(emitted: Emitted): boolean {
    if (this.#held >= this.#size) return false;
    this.#records.push(emitted);
    this.#held += 1;
    return true;
  }

  /** Takes the next batch, in the order of its request. Its records are held until {@link release} is told of them. */
  take(): Emitted[] {
    return inSentOrder(this.#records.splice(0, this.#batchSize));
  }

  /** So many records that were taken are delivered, lost, or on disk. */
  release(records: number): void {
    this.#held -= records;
  }

  /** Moves batches out for as long as `move` takes them. */
  moveOut(move: (batch: readonly Emitted[]) => boolean): void {
    while (this.#records.length > 0) {
      const batch = inSentOrder(this.#records.slice(0, this.#batchSize));
      if (!move(batch)) break;
      this.#records.splice(0, batch.length);
      this.#held -= batch.length;
    }
    this.changed();
  }

  /** Resolves at the next {@link changed}. */
  async change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#onChange.push(resolve);
    await promise;
  }

  /** Wakes those that wait for a {@link change}. */
  changed(): void {
    for (const resolve of this.#onChange.splice(0)) resolve(undefined);
  }
}
