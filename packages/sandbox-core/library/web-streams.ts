import {
  ReadableByteStreamController,
  ReadableStream,
  TransformStream,
  WritableStream,
} from "web-streams-polyfill";

import { TextDecoder, TextEncoder } from "./encoding.ts";
import { showAs } from "./show-as.ts";

/** What the library's streams hold that Node's show. */
interface Inner {
  readonly _state: string;
  readonly _readableStreamController: unknown;
  readonly _backpressure: boolean;
}
const innerOf = (stream: object): Inner => stream as unknown as Inner;
showAs(ReadableStream, "ReadableStream", (stream) => ({
  locked: stream.locked,
  state: innerOf(stream)._state,
  supportsBYOB: innerOf(stream)._readableStreamController instanceof ReadableByteStreamController,
}));
showAs(WritableStream, "WritableStream", (stream) => ({
  locked: stream.locked,
  state: innerOf(stream)._state,
}));
showAs(TransformStream, "TransformStream", (stream) => ({
  readable: stream.readable,
  writable: stream.writable,
  backpressure: innerOf(stream)._backpressure,
}));

/** Text from bytes, as they come (Encoding standard). */
class TextDecoderStream {
  readonly #decoder: TextDecoder;
  readonly #both: TransformStream<Uint8Array, string>;

  constructor(label?: unknown, options?: ConstructorParameters<typeof TextDecoder>[1]) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    this.#both = new TransformStream({
      transform: (chunk, controller) => {
        const text = decoder.decode(chunk, { stream: true });
        if (text !== "") controller.enqueue(text);
      },
      flush: (controller) => {
        const text = decoder.decode();
        if (text !== "") controller.enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }

  get fatal(): boolean {
    return this.#decoder.fatal;
  }

  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }

  get readable(): ReadableStream<string> {
    return this.#both.readable;
  }

  get writable(): TransformStream<Uint8Array, string>["writable"] {
    return this.#both.writable;
  }

  get [Symbol.toStringTag](): string {
    return "TextDecoderStream";
  }
}

/** Bytes from text, as it comes. */
class TextEncoderStream {
  readonly #both: TransformStream<string, Uint8Array>;

  constructor() {
    const encoder = new TextEncoder();
    // The first half of a pair of surrogates waits for the other.
    let half = "";
    this.#both = new TransformStream({
      transform: (chunk, controller) => {
        const text = half + String(chunk);
        half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? "";
        const whole = text.slice(0, text.length - half.length);
        if (whole !== "") controller.enqueue(encoder.encode(whole));
      },
      flush: (controller) => {
        if (half !== "") controller.enqueue(encoder.encode(half));
      },
    });
  }

  readonly encoding = "utf-8";

  get readable(): ReadableStream<Uint8Array> {
    return this.#both.readable;
  }

  get writable(): TransformStream<string, Uint8Array>["writable"] {
    return this.#both.writable;
  }

  get [Symbol.toStringTag](): string {
    return "TextEncoderStream";
  }
}

export {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableStreamDefaultReader,
} from "web-streams-polyfill";
export { ReadableStream, TextDecoderStream, TextEncoderStream, TransformStream, WritableStream };
