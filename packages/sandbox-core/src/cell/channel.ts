import { readSync, writeSync } from "node:fs";
import { Socket } from "node:net";

import { FrameReader, type IncomingFrame } from "../frame-reader.ts";
import {
  encodeJson,
  Frame,
  HEAD_BYTES,
  MAX_BODY_BYTES,
  type WireRequest,
  type WireVerdict,
} from "../frames.ts";

/** The descriptor of the blocking channel: a request goes out, the thread waits for the verdict. */
const SYNC_FD = 3;
/** The descriptor of the other channel: calls come in, outcomes and asynchronous requests go out. */
const ASYNC_FD = 4;

/** Asks the broker and waits. Throws where the host is gone: there is nobody left to ask, so the cell must end. */
export function askSync(request: WireRequest): WireVerdict {
  writeAll(encodeJson(Frame.request, 0, request));
  return JSON.parse(readVerdict()) as WireVerdict;
}

/** Holds all of most verdicts, so that one read is enough. */
const buffer = Buffer.allocUnsafeSlow(4096);

function readVerdict(): string {
  let held = 0;
  while (held < HEAD_BYTES) held += readSome(buffer, held);
  const end = HEAD_BYTES + buffer.readUInt32LE(0);
  // Nothing follows a verdict before the next request, so what is held is of this one.
  const verdict = end <= buffer.length ? buffer : Buffer.allocUnsafe(end);
  if (verdict !== buffer) buffer.copy(verdict, 0, 0, held);
  while (held < end) held += readSome(verdict, held);
  return verdict.toString("utf8", HEAD_BYTES, end);
}

export class AsyncChannel {
  readonly #socket = new Socket({ fd: ASYNC_FD, readable: true, writable: true });

  constructor(onFrame: (frame: IncomingFrame) => void, onEnd: () => void) {
    const reader = new FrameReader(MAX_BODY_BYTES);
    this.#socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) onFrame(frame);
    });
    this.#socket.on("error", onEnd);
    this.#socket.on("close", onEnd);
  }

  send(frame: Buffer): void {
    this.#socket.write(frame);
  }
}

function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(SYNC_FD, bytes, at);
}

function readSome(into: Buffer, at: number): number {
  const read = readSync(SYNC_FD, into, at, into.length - at, null);
  if (read === 0) throw new Error("the host closed the channel");
  return read;
}
