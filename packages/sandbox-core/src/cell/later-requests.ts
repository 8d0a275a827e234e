import type { IncomingFrame } from "../frame-reader.ts";
import { askSync } from "./channel.ts";
import type { BrokerClient } from "./dispatch.ts";
import { encodeJson, Frame, nextNumber, type WireRequest, type WireVerdict } from "../frames.ts";
import { decodeVerdict } from "../verdict-frame.ts";

/** The guards' requests: those that wait on the blocking channel, and those on the asynchronous one until each has its verdict. */
export class LaterRequests implements BrokerClient {
  readonly ask = askSync;
  readonly #send: (frame: Buffer) => void;
  readonly #waiting = new Map<number, (verdict: WireVerdict) => void>();
  #last = 0;

  constructor(send: (frame: Buffer) => void) {
    this.#send = send;
  }

  async askLater(request: WireRequest): Promise<WireVerdict> {
    const id = nextNumber(this.#last);
    this.#last = id;
    const { promise, resolve } = Promise.withResolvers<WireVerdict>();
    this.#waiting.set(id, resolve);
    this.#send(encodeJson(Frame.request, id, request));
    return await promise;
  }

  /** Throws for a verdict that no request waits for: the host is out of step. */
  answered({ id, body }: IncomingFrame): void {
    const settle = this.#waiting.get(id);
    if (settle === undefined) throw new Error(`a verdict on ${id}, which is not a request`);
    this.#waiting.delete(id);
    settle(decodeVerdict(body));
  }
}
