import { HEAD_BYTES } from "./frames.ts";

export interface IncomingFrame {
  readonly kind: number;
  readonly id: number;
  /** A view of the bytes that came in. Copy it to keep it longer than a turn of the loop. */
  readonly body: Buffer;
}

/** A peer broke the framing, so nothing that it sends can be understood any more. */
export class FrameError extends Error {
  override get name(): string {
    return "FrameError";
  }
}

/** Cuts a stream of bytes into frames, one at a time, holding at most one frame and one chunk. */
export class FrameReader {
  readonly #maxBody: (kind: number, id: number) => number;
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = HEAD_BYTES;

  /** @param maxBody Longest body that a frame of this kind and id may have, bytes. */
  constructor(maxBody: (kind: number, id: number) => number) {
    this.#maxBody = maxBody;
  }

  /** How many bytes have come in without being part of a frame that {@link next} returned. */
  get held(): number {
    return this.#held;
  }

  /** Length of the body of the next frame as its head announces it, bytes; 0 before the head is there. */
  get nextBytes(): number {
    return this.#held < HEAD_BYTES ? 0 : this.#joined().readUInt32LE(0);
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
  }

  /** Copies the chunk that was pushed last, if a part of it is held: its owner is about to overwrite it. */
  keep(): void {
    const last = this.#chunks.pop();
    if (last !== undefined) this.#chunks.push(Buffer.from(last));
  }

  /**
   * The next complete frame. Frames before a broken head are returned first, so that the result does not depend on how the stream
   * was cut into chunks.
   *
   * @throws FrameError if a frame's head announces a longer body than is allowed; then also at every later call.
   */
  next(): IncomingFrame | undefined {
    if (this.#held < this.#needed) return undefined;
    const bytes = this.#joined();
    const length = bytes.readUInt32LE(0);
    const kind = bytes.readUInt8(4);
    const id = bytes.readUInt32LE(5);
    const most = this.#maxBody(kind, id);
    if (length > most) throw new FrameError(`frame of ${length} bytes, at most ${most}`);
    const end = HEAD_BYTES + length;
    this.#needed = end;
    if (bytes.length < end) return undefined;
    const rest = bytes.subarray(end);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.#needed = HEAD_BYTES;
    return { kind, id, body: bytes.subarray(HEAD_BYTES, end) };
  }

  /** Joins the chunks. In the common case, one chunk holds exactly one frame, and no copy is made. */
  #joined(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#chunks, this.#held);
    this.#chunks = [joined];
    return joined;
  }
}
