import { TextDecoder, TextEncoder } from "./encoding.ts";
import { showAs } from "./show-as.ts";

interface BlobOptions {
  readonly type?: unknown;
  readonly endings?: unknown;
}

/** Bytes that do not change (File API). */
export class Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #type: string;

  constructor(parts: Iterable<unknown> = [], { type = "" }: BlobOptions = {}) {
    if (typeof parts !== "object" || parts === null) {
      const message = "Value cannot be converted to sequence.";
      throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
    }
    const chunks = [...parts].map(bytesOf);
    this.#bytes = joined(chunks);
    const text = String(type);
    this.#type = /^[\x20-\x7e]*$/.test(text) ? text.toLowerCase() : "";
  }

  get size(): number {
    return this.#bytes.length;
  }

  get type(): string {
    return this.#type;
  }

  slice(start = 0, end = this.size, type = ""): Blob {
    return new Blob([this.#bytes.slice(start, end)], { type });
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#bytes.slice();
  }

  async text(): Promise<string> {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#bytes);
  }

  stream(): unknown {
    return streamOf(this.#bytes);
  }

  static bytesOf(blob: Blob): Uint8Array<ArrayBuffer> {
    return blob.#bytes;
  }

  get [Symbol.toStringTag](): string {
    return "Blob";
  }
}
showAs(Blob, "Blob", ({ size, type }) => ({ size, type }));
/** The bytes of a blob, for the other files here. */
export const { bytesOf: blobBytes } = Blob;
Reflect.deleteProperty(Blob, "bytesOf");

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;

  constructor(
    parts: Iterable<unknown>,
    name: unknown,
    options: BlobOptions & { readonly lastModified?: number } = {},
  ) {
    super(parts, options);
    this.#name = String(name);
    this.#lastModified = options.lastModified ?? Date.now();
  }

  get name(): string {
    return this.#name;
  }

  get lastModified(): number {
    return this.#lastModified;
  }

  override get [Symbol.toStringTag](): string {
    return "File";
  }
}
showAs(File, "File", ({ size, type, name, lastModified }) => ({ size, type, name, lastModified }));

/** A copy of what is in a part. */
function bytesOf(part: unknown): Uint8Array<ArrayBuffer> {
  if (part instanceof Blob) return blobBytes(part);
  if (ArrayBuffer.isView(part))
    return new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice();
  if (part instanceof ArrayBuffer) return new Uint8Array(part).slice();
  return new TextEncoder().encode(String(part));
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** @param onRead Called when the stream is first read. */
export function streamOf(bytes: Uint8Array, onRead: () => void = () => undefined) {
  const { ReadableStream } = require("./web-streams.ts") as typeof import("./web-streams.ts");
  // Nothing is pulled before it is asked for: a stream of bytes has no queue unless it is given one.
  return new ReadableStream({
    type: "bytes",
    pull: (controller) => {
      onRead();
      if (bytes.length > 0) controller.enqueue(bytes.slice());
      controller.close();
      // A reader that brought its own buffer waits for an answer in it.
      controller.byobRequest?.respond(0);
    },
  });
}
