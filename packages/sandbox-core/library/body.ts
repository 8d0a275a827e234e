import { Blob, blobBytes, streamOf } from "./blob.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { FormData, multipart } from "./form-data.ts";
import type { Headers } from "./headers.ts";
import { parseMultipart } from "./multipart.ts";
import { URLSearchParams } from "./web-url.ts";

/** What a body is made of, and the type that goes with it. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly type: string | null;
}

/** Takes a body's bytes out of what a program gave (Fetch standard, "extract a body"). Null where there is none. */
export function contentOf(value: unknown): Content | null {
  if (value === undefined || value === null) return null;
  if (value instanceof Blob)
    return { bytes: blobBytes(value), type: value.type === "" ? null : value.type };
  if (value instanceof FormData) return multipart(value);
  // By its method: the name ReadableStream would load all streams for every body.
  if (typeof (value as { readonly getReader?: unknown }).getReader === "function")
    throw new TypeError("A stream as a body is not offered in a cell; give its bytes");
  if (ArrayBuffer.isView(value))
    return {
      bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice(),
      type: null,
    };
  if (value instanceof ArrayBuffer) return { bytes: new Uint8Array(value).slice(), type: null };
  if (Object.prototype.toString.call(value) === "[object ReadableStream]")
    throw new TypeError("A body that is a stream is not offered in a cell");
  if (value instanceof URLSearchParams) {
    return {
      bytes: new TextEncoder().encode(String(value)),
      type: "application/x-www-form-urlencoded;charset=UTF-8",
    };
  }
  return {
    // oxlint-disable-next-line typescript/no-base-to-string -- as the standard makes text of any other value
    bytes: new TextEncoder().encode(String(value)),
    type: "text/plain;charset=UTF-8",
  };
}

/** A body's bytes, and its text where that is at hand. */
export type Copied = readonly [bytes: Uint8Array | null, text?: string | undefined];

/** What requests and responses share: a body that is read once. */
export abstract class Body {
  readonly #bytes: Uint8Array | null;
  /** The body as text, where it is at hand. */
  readonly #text: string | undefined;
  #isUsed = false;
  /** Whether a copy has the same bytes. */
  #isShared = false;
  #stream: ReturnType<typeof streamOf> | undefined;

  constructor(bytes: Uint8Array | null, text?: string, isShared = false) {
    this.#bytes = bytes;
    this.#text = text;
    this.#isShared = isShared;
  }

  abstract get headers(): Headers;

  get bodyUsed(): boolean {
    return this.#isUsed;
  }

  get body(): unknown {
    if (this.#bytes === null) return null;
    this.#stream ??= streamOf(this.#bytes, () => {
      this.#isUsed = true;
    });
    return this.#stream;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#own().buffer;
  }

  async bytes(): Promise<Uint8Array> {
    return this.#own();
  }

  async blob(): Promise<Blob> {
    return new Blob([this.#take()], { type: this.headers.get("content-type") ?? "" });
  }

  async text(): Promise<string> {
    const bytes = this.#take();
    return this.#text === undefined
      ? new TextDecoder().decode(bytes)
      : this.#text.replace(/^\ufeff/, "");
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }

  async formData(): Promise<FormData> {
    const type = this.headers.get("content-type") ?? "";
    if (/^multipart\/form-data\s*(?:;|$)/i.test(type)) return parseMultipart(this.#take(), type);
    if (!/^application\/x-www-form-urlencoded/i.test(type)) {
      throw new TypeError(
        'Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".',
      );
    }
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
    return form;
  }

  #take(): Uint8Array {
    if (this.#isUsed) throw new TypeError("Body is unusable: Body has already been read");
    this.#isUsed = this.#bytes !== null;
    return this.#bytes ?? new Uint8Array();
  }

  /** The bytes for the program to keep: a copy only if a clone of the body may still read them, since a body may be large. */
  #own(): Uint8Array<ArrayBuffer> {
    const bytes = this.#take();
    const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength;
    return this.#isShared || !isWhole || this.#stream !== undefined
      ? bytes.slice()
      : (bytes as Uint8Array<ArrayBuffer>);
  }

  /** The same body once more. */
  static copyOf(body: Body): Copied {
    if (body.#isUsed) throw new TypeError("Response.clone: Body has already been consumed.");
    body.#isShared = true;
    return [body.#bytes, body.#text];
  }
}
export const { copyOf } = Body;
Reflect.deleteProperty(Body, "copyOf");
