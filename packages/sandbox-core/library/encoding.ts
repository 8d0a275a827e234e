import {
  normalizeEncoding,
  TextDecoder as Decoder,
  TextEncoder,
} from "@exodus/bytes/encoding-lite.js";

import { showAs } from "./show-as.ts";

const MULTI_BYTE = new Set([
  "big5",
  "euc-jp",
  "euc-kr",
  "gb18030",
  "gbk",
  "iso-2022-jp",
  "shift_jis",
]);

type Options = ConstructorParameters<typeof Decoder>[1];

/** Loads the tables of the multi-byte encodings, which are six times the rest, at their first use. */
class TextDecoder {
  readonly #decoder: InstanceType<typeof Decoder>;

  constructor(label: unknown = "utf-8", options: Options = {}) {
    const encoding = normalizeEncoding(String(label));
    if (encoding === null || encoding === "replacement") {
      const error = new RangeError(`The "${String(label)}" encoding is not supported`);
      throw Object.assign(error, { code: "ERR_ENCODING_NOT_SUPPORTED" });
    }
    this.#decoder = new (MULTI_BYTE.has(encoding) ? multiByte() : Decoder)(encoding, options);
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

  decode(...args: Parameters<InstanceType<typeof Decoder>["decode"]>): string {
    try {
      return this.#decoder.decode(...args);
    } catch (error) {
      if (!(error instanceof TypeError) || !this.fatal) throw error;
      const message = `The encoded data was not valid for encoding ${this.encoding}`;
      throw Object.assign(new TypeError(message), { code: "ERR_ENCODING_INVALID_ENCODED_DATA" });
    }
  }

  get [Symbol.toStringTag](): string {
    return "TextDecoder";
  }
}

showAs(TextDecoder, "TextDecoder", ({ encoding, fatal, ignoreBOM }) => ({
  encoding,
  fatal,
  ignoreBOM,
}));
showAs(TextEncoder, "", ({ encoding }) => ({ encoding }));

const multiByte = (): typeof Decoder =>
  (require("./legacy-encodings.ts") as { TextDecoder: typeof Decoder }).TextDecoder;

export { TextDecoder, TextEncoder };
