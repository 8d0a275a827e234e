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
   * The frames that are complete with this chunk.
   *
   * @throws FrameError where a frame's head promises more than is allowed; the reader is then of no more use.
   */
  push(chunk: Buffer): IncomingFrame[] {
    // One whole frame in one chunk is the common case: no copy is made.
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return [];
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held);
    const frames: IncomingFrame[] = [];
    this.#needed = HEAD_BYTES;
    while (bytes.length >= HEAD_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > this.#maxBody) throw new FrameError(`frame of ${length} bytes, at most ${this.#maxBody}`);
      const end = HEAD_BYTES + length;
      if (bytes.length < end) {
        this.#needed = end;
        break;
      }
      frames.push({ kind: bytes.readUInt8(4), id: bytes.readUInt32LE(5), body: bytes.subarray(HEAD_BYTES, end) });
      bytes = bytes.subarray(end);
    }
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#held = bytes.length;
    return frames;
  }
}
