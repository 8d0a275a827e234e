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
  const head = readExactly(HEAD_BYTES);
  const body = readExactly(head.readUInt32LE(0));
  return JSON.parse(body.toString("utf8")) as WireVerdict;
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

function readExactly(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length;) {
    const read = readSync(SYNC_FD, bytes, at, length - at, null);
    if (read === 0) throw new Error("the host closed the channel");
    at += read;
  }
  return bytes;
}
