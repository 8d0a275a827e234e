import { decodeTaken } from "../../clone/decoder.ts";
import { loopShare, type Source } from "./loop-share.ts";

/** Most messages of one cell that wait for a reader, and most bytes of theirs. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Most bytes of the messages that wait in all cells of this process together. */
const MAX_WAITING_BYTES_OF_ALL = 256 * 1024 * 1024;

/** Memory that a message takes beside its own bytes. */
const MESSAGE_BYTES = 256;

/** A message for a reader; undefined if no more will come. */
type Read = { readonly value: unknown } | undefined;

let bytesOfAll = 0;

/**
 * The messages that a guest posted, in order; each goes to one reader. Ends with the cell. A message is kept as the bytes in
 * which it came, for which the guest has paid, and decoded when it is read. Decoding takes turns of the host's loop, because the
 * readers of many cells may become ready in the same turn.
 */
export class Messages implements Source {
  readonly isReader = true;
  #waiting: Buffer[] = [];
  #first = 0;
  #bytes = 0;
  readonly #readers: ((read: Read) => void)[] = [];
  #ended = false;
  readonly #onWait: (waits: boolean) => void;
  readonly #onBroken: (error: unknown) => void;

  /**
   * @param onWait Called when a reader begins to wait, and when it no longer waits.
   * @param onBroken Called for a message that is not a valid value. That message is left out.
   */
  constructor(onWait: (waits: boolean) => void, onBroken: (error: unknown) => void) {
    this.#onWait = onWait;
    this.#onBroken = onBroken;
  }

  /** Returns false if no reader takes the message and too much is waiting. */
  push(message: Uint8Array): boolean {
    const bytes = message.length + MESSAGE_BYTES;
    if (
      this.#ended ||
      this.#waiting.length - this.#first >= MAX_WAITING ||
      this.#bytes + bytes > MAX_WAITING_BYTES ||
      bytesOfAll + bytes > MAX_WAITING_BYTES_OF_ALL
    )
      return false;
    // Copy the message: a view would keep alive the whole chunk in which it came.
    const kept = Buffer.allocUnsafeSlow(message.length);
    kept.set(message);
    this.#waiting.push(kept);
    this.#account(bytes);
    // Do not decode at once: this turn belongs to the cell's channel.
    if (this.#readers.length > 0) loopShare.enlist(this);
    return true;
  }

  /** No more messages will come. Those that wait can still be read, and count as the host's own from now on. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    bytesOfAll -= this.#bytes;
    if (this.#waiting.length === 0) this.#tellReaders();
  }

  async *read(): AsyncGenerator<unknown, void, undefined> {
    for (let read = await this.#take(); read !== undefined; read = await this.#take())
      yield read.value;
  }

  async #take(): Promise<Read> {
    if (this.#ended && this.#waiting.length === 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<Read>();
    this.#readers.push(resolve);
    if (this.#waiting.length > 0) loopShare.offer(this);
    this.#onWait(true);
    try {
      return await promise;
    } finally {
      this.#onWait(false);
    }
  }

  get nextBytes(): number {
    return this.#waiting[this.#first]?.length ?? 0;
  }

  /** Decodes the next message for the reader that has waited longest. */
  takeOne(): boolean {
    if (this.#readers.length === 0) return false;
    const message = this.#next();
    if (message === undefined) {
      if (this.#ended) this.#tellReaders();
      return false;
    }
    let value: unknown;
    try {
      value = decodeTaken(message);
    } catch (error) {
      this.#onBroken(error);
      return true;
    }
    this.#readers.shift()?.({ value });
    return true;
  }

  #tellReaders(): void {
    for (const reader of this.#readers.splice(0)) reader(undefined);
  }

  #next(): Buffer | undefined {
    const message = this.#waiting[this.#first];
    if (message === undefined) return undefined;
    this.#first += 1;
    this.#account(-(message.length + MESSAGE_BYTES));
    // Drop read messages in batches: removing the first item of an array moves all others.
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
