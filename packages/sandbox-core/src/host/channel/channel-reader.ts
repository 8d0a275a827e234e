import type { Duplex } from "node:stream";

import { FrameError, FrameReader, type IncomingFrame } from "../../frame-reader.ts";
import { loopShare, type Source } from "./loop-share.ts";

/** What a reader needs from the owner of its channel. */
export interface ChannelReaderOptions {
  /** Longest body that a frame of this kind and id may have, bytes. A longer one is refused by its head and never held. */
  readonly maxBody: (kind: number, id: number) => number;
  /**
   * Whether a frame must be answered before the next may come, as on the blocking channel, where the cell's thread waits for the
   * answer.
   */
  readonly inStep: boolean;
  readonly onFrame: (frame: IncomingFrame) => void;
  /** The cell broke the framing, or `onFrame` threw. Nothing is read after this call. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Reads the frames of one channel of a cell, in turns of the host's loop that {@link loopShare} assigns. Frames that it cannot
 * take yet wait in the kernel.
 */
export class ChannelReader implements Source {
  readonly isReader = false;
  readonly #stream: Duplex;
  readonly #options: ChannelReaderOptions;
  readonly #reader: FrameReader;
  #isHeld = false;
  #isPaused = false;

  constructor(stream: Duplex, options: ChannelReaderOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new FrameReader(options.maxBody);
    stream.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      if (!loopShare.offer(this)) this.#pause();
    });
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Stops taking frames, or goes on. Used while the cell does not read its answers. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) loopShare.offer(this);
  }

  get nextBytes(): number {
    return this.#reader.nextBytes;
  }

  takeOne(): boolean {
    if (this.#stream.destroyed) return false;
    if (this.#isHeld) {
      this.#pause();
      return false;
    }
    try {
      const frame = this.#reader.next();
      if (frame === undefined) {
        this.#resume();
        return false;
      }
      if (this.#options.inStep && this.#reader.held > 0)
        throw new FrameError("more than a request came before its verdict");
      this.#options.onFrame(frame);
      return true;
    } catch (error) {
      this.#stream.destroy();
      this.#options.onBroken(error);
      return false;
    }
  }

  #pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#stream.resume();
  }
}
