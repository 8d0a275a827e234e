/** Most messages that wait for a reader, and most bytes that they came in. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

interface Message {
  readonly value: unknown;
  readonly bytes: number;
}

/** What a guest posted, in order; each message goes to one reader. Ends with the cell. */
export class Messages {
  #waiting: Message[] = [];
  #first = 0;
  #bytes = 0;
  #wakes: (() => void)[] = [];
  #ended = false;
  readonly #onWait: (waits: boolean) => void;

  /** @param onWait Told when a reader begins to wait, and when it no longer does. */
  constructor(onWait: (waits: boolean) => void) {
    this.#onWait = onWait;
  }

  /** False where nobody reads and too much waits: the message is not taken. */
  push(value: unknown, bytes: number): boolean {
    if (
      this.#ended ||
      this.#waiting.length - this.#first >= MAX_WAITING ||
      this.#bytes + bytes > MAX_WAITING_BYTES
    )
      return false;
    this.#waiting.push({ value, bytes });
    this.#bytes += bytes;
    this.#wakes.shift()?.();
    return true;
  }

  end(): void {
    this.#ended = true;
    for (const wake of this.#wakes.splice(0)) wake();
  }

  async *read(): AsyncGenerator<unknown, void, undefined> {
    for (;;) {
      for (let message = this.#next(); message !== undefined; message = this.#next())
        yield message.value;
      if (this.#ended) return;
      this.#onWait(true);
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
      this.#onWait(false);
    }
  }

  #next(): Message | undefined {
    const message = this.#waiting[this.#first];
    if (message === undefined) return undefined;
    this.#first += 1;
    this.#bytes -= message.bytes;
    // Cut in lots: taking the first off an array moves all the others.
    if (this.#first === this.#waiting.length || this.#first > MAX_WAITING) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }
}
