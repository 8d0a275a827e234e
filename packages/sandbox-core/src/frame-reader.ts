import { HEAD_BYTES } from "./frames.ts";

export interface IncomingFrame {
  readonly kind: number;
  readonly id: number;
  readonly body: Buffer;
}

/** A peer broke the framing: nothing that it sends can be understood any more. */
export class FrameError extends Error {
  override get name(): string {
    return "FrameError";
  }
}

/** Cuts a stream of bytes into frames, holding at most one frame of at most `maxBody` bytes. */
export class FrameReader {
  readonly #maxBody: number;
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = HEAD_BYTES;

  constructor(maxBody: number) {
    this.#maxBody = maxBody;
  }

  /**
   * The frames that are complete with this chunk, to be read to the end. Those before a broken head are given first, so that
   * how the stream was cut into chunks makes no difference.
   *
   * @throws FrameError where a frame's head promises more than is allowed, and at every later chunk.
   */
  *push(chunk: Buffer): Generator<IncomingFrame, void, undefined> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return;
    // One whole frame in one chunk is the common case: no copy is made.
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held);
    this.#keep(bytes, HEAD_BYTES);
    while (bytes.length >= HEAD_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > this.#maxBody)
        throw new FrameError(`frame of ${length} bytes, at most ${this.#maxBody}`);
      const end = HEAD_BYTES + length;
      if (bytes.length < end) {
        this.#keep(bytes, end);
        return;
      }
      const frame = {
        kind: bytes.readUInt8(4),
        id: bytes.readUInt32LE(5),
        body: bytes.subarray(HEAD_BYTES, end),
      };
      bytes = bytes.subarray(end);
      this.#keep(bytes, HEAD_BYTES);
      yield frame;
    }
  }

  /** What is not yet a frame, and how long it must grow until it is worth looking again. */
  #keep(bytes: Buffer, needed: number): void {
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#held = bytes.length;
    this.#needed = needed;
  }
}
