import type { Duplex } from "node:stream";

import { FrameError, FrameReader, type IncomingFrame } from "../../frame-reader.ts";
import { loopShare, type Source } from "./loop-share.ts";

/** What an intake is told to do with what comes in. */
export interface IntakeOptions {
  /** Longest body that a frame of this kind and id may have, bytes. What is longer is not even held. */
  readonly maxBody: (kind: number, id: number) => number;
  /** Whether nothing may follow a frame until it is answered: the cell's thread waits for the answer. */
  readonly inStep: boolean;
  readonly onFrame: (frame: IncomingFrame) => void;
  /** The cell broke the framing, or `onFrame` threw; nothing more is read. */
  readonly onBroken: (error: unknown) => void;
}

/** Takes the frames of one channel of a cell, in the host's share of the loop; what it cannot take yet waits in the kernel. */
export class Intake implements Source {
  readonly isReader = false;
  readonly #stream: Duplex;
  readonly #options: IntakeOptions;
  readonly #reader: FrameReader;
  #isHeld = false;
  #isPaused = false;

  constructor(stream: Duplex, options: IntakeOptions) {
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

  /** Takes no frame until it is let go: the cell does not read its answers. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) loopShare.offer(this);
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
