import { readSync, writeSync } from "node:fs";
import { Socket } from "node:net";

import { FrameReader, type IncomingFrame } from "../frame-reader.ts";
import {
  decodeModule,
  encodeJson,
  Frame,
  HEAD_BYTES,
  MAX_BODY_BYTES,
  nextNumber,
  type WireRequest,
  type WireVerdict,
} from "../frames.ts";
import { decodeVerdict } from "../verdict-frame.ts";
import { closeExchange, endOutOfStep, openExchange } from "./exchange-in-step.ts";

/** The descriptor of the blocking channel: the cell sends a request and its thread waits for the verdict. */
const SYNC_FD = 3;
/** The descriptor of the asynchronous channel: calls come in; outcomes and asynchronous requests go out. */
const ASYNC_FD = 4;

let lastRequest = 0;

/**
 * Asks the broker and waits for its verdict. Never throws: any failure between the request and the end of its verdict, such as
 * the end of the host, ends the process.
 */
export function askSync(request: WireRequest): WireVerdict {
  openExchange();
  try {
    lastRequest = nextNumber(lastRequest);
    writeAll(encodeJson(Frame.request, lastRequest, request));
    const verdict = readVerdict(lastRequest);
    closeExchange();
    return verdict;
  } catch (error) {
    return endOutOfStep(error);
  }
}

/** One read fills it with the whole of most verdicts. */
const buffer = Buffer.allocUnsafeSlow(4096);

function readVerdict(number: number): WireVerdict {
  let held = 0;
  while (held < HEAD_BYTES) held += readSome(buffer, held);
  const end = HEAD_BYTES + buffer.readUInt32LE(0);
  const kind = buffer.readUInt8(4);
  if ((kind !== Frame.verdict && kind !== Frame.module) || buffer.readUInt32LE(5) !== number)
    throw new Error(`the verdict on request ${number} was due`);
  if (held > end || end > MAX_BODY_BYTES) throw new Error("more than a verdict came");
  const verdict = end <= buffer.length ? buffer : Buffer.allocUnsafe(end);
  if (verdict !== buffer) buffer.copy(verdict, 0, 0, held);
  // Read no further than this verdict: the bytes after it are the head of the next one.
  while (held < end) held += readSome(verdict, held, end);
  const body = verdict.subarray(HEAD_BYTES, end);
  if (kind === Frame.module) return { ok: true, module: decodeModule(body) };
  return decodeVerdict(body);
}

/** Most bytes that one read takes. */
const READ_BYTES = 64 * 1024;

export class AsyncChannel {
  readonly #socket: Socket;

  constructor(onFrame: (frame: IncomingFrame) => void, onEnd: () => void) {
    const reader = new FrameReader(() => MAX_BODY_BYTES);
    // Into one buffer, past the stream: a stream allocates for each read and takes a tenth longer for a small frame there and back.
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.#socket = new Socket({
      fd: ASYNC_FD,
      readable: true,
      writable: true,
      onread: {
        buffer,
        callback: (length) => {
          reader.push(buffer.subarray(0, length));
          for (let frame = reader.next(); frame !== undefined; frame = reader.next())
            onFrame(frame);
          reader.keep();
          return true;
        },
      },
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

function readSome(into: Buffer, at: number, end = into.length): number {
  const read = readSync(SYNC_FD, into, at, end - at, null);
  if (read === 0) throw new Error("the host closed the channel");
  return read;
}
