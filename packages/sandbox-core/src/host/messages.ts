/** Most messages that wait for a reader; the cell's output limit bounds their bytes. */
const MAX_WAITING = 10_000;

/** What a guest posted, in order, for one reader. Ends with the cell. */
export class Messages {
  readonly #waiting: unknown[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** False where nobody reads and too many wait: the message is lost. */
  push(message: unknown): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(message);
    this.#wake?.();
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *read(): AsyncGenerator<unknown, void, undefined> {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift();
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
