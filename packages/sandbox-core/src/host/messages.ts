import { setImmediate as nextTurn } from "node:timers/promises";

import { decodeClone } from "../clone.ts";

/** Most messages of one cell that wait for a reader, and most bytes of theirs. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Most bytes of the messages that wait in all cells of this process together. */
const MAX_WAITING_BYTES_OF_ALL = 256 * 1024 * 1024;

/** What a message takes beside its own bytes. */
const MESSAGE_BYTES = 256;

/** How long messages may be decoded, and read, in one turn of the host's loop, milliseconds. */
const TURN_MS = 10;

let bytesOfAll = 0;

/**
 * What a guest posted, in order; each message goes to one reader. Ends with the cell. A message is kept as the bytes that it came
 * in, which are what the guest paid for, and decoded when it is read.
 */
export class Messages {
  #waiting: Buffer[] = [];
  #first = 0;
  #bytes = 0;
  #wakes: (() => void)[] = [];
  #ended = false;
  readonly #onWait: (waits: boolean) => void;
  readonly #onBroken: (error: unknown) => void;

  /**
   * @param onWait Told when a reader begins to wait, and when it no longer does.
   * @param onBroken Told of a message that is no value after all: it is left out.
   */
  constructor(onWait: (waits: boolean) => void, onBroken: (error: unknown) => void) {
    this.#onWait = onWait;
    this.#onBroken = onBroken;
  }

  /** False where no reader takes it and too much waits. */
  push(message: Uint8Array): boolean {
    const bytes = message.length + MESSAGE_BYTES;
    if (
      this.#ended ||
      this.#waiting.length - this.#first >= MAX_WAITING ||
      this.#bytes + bytes > MAX_WAITING_BYTES ||
      bytesOfAll + bytes > MAX_WAITING_BYTES_OF_ALL
    )
      return false;
    // A copy of its own: a view would keep the whole chunk that it came in.
    const kept = Buffer.allocUnsafeSlow(message.length);
    kept.set(message);
    this.#waiting.push(kept);
    this.#account(bytes);
    this.#wakes.shift()?.();
    return true;
  }

  /** Nothing more comes. What waits can still be read, and is the host's own from now on. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    bytesOfAll -= this.#bytes;
    for (const wake of this.#wakes.splice(0)) wake();
  }

  async *read(): AsyncGenerator<unknown, void, undefined> {
    let begun = performance.now();
    for (;;) {
      for (let message = this.#next(); message !== undefined; message = this.#next()) {
        let value: unknown;
        try {
          value = decodeClone(message);
        } catch (error) {
          this.#onBroken(error);
          continue;
        }
        yield value;
        // A reader that waits for nothing else would keep the loop until all are read.
        if (performance.now() - begun < TURN_MS) continue;
        await nextTurn();
        begun = performance.now();
      }
      if (this.#ended) return;
      this.#onWait(true);
      await new Promise<void>((resolve) => {
        this.#wakes.push(resolve);
      });
      this.#onWait(false);
      begun = performance.now();
    }
  }

  #next(): Buffer | undefined {
    const message = this.#waiting[this.#first];
    if (message === undefined) return undefined;
    this.#first += 1;
    this.#account(-(message.length + MESSAGE_BYTES));
    // Cut in lots: taking the first off an array moves all the others.
    if (this.#first === this.#waiting.length || this.#first > MAX_WAITING) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }

  #account(bytes: number): void {
    this.#bytes += bytes;
    if (!this.#ended) bytesOfAll += bytes;
  }
}
