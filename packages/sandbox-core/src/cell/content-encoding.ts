import { promisify } from "node:util";

import { Failed } from "./guards/guard.ts";

type Zlib = typeof import("node:zlib");

/** How many codings a reply may have on top of each other: as many as Node's own fetch takes. */
const MAX_CODINGS = 5;

/** Loads the module at first use: most replies are not compressed, and it takes memory in every cell. */
const zlib = (): Zlib => process.getBuiltinModule("node:zlib");

type Decode = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

function decoderOf(name: string): Decode | undefined {
  switch (name) {
    case "gzip":
    case "x-gzip":
      return promisify<Buffer, object, Buffer>(zlib().gunzip);
    case "deflate":
      return inflate;
    case "br":
      return promisify<Buffer, object, Buffer>(zlib().brotliDecompress);
    case "zstd":
      return promisify<Buffer, object, Buffer>(zlib().zstdDecompress);
    default:
      return undefined;
  }
}

/** "deflate" is meant to have zlib's head. Some servers send it without. */
async function inflate(bytes: Buffer, options: { maxOutputLength: number }): Promise<Buffer> {
  const { inflate, inflateRaw } = zlib();
  const hasHead = ((bytes[0] ?? 0) & 0x0f) === 0x08;
  return await promisify<Buffer, object, Buffer>(hasHead ? inflate : inflateRaw)(bytes, options);
}

/**
 * A body without its content codings. One with a coding that is not known stays as it is, as in Node.
 *
 * @param codings In the order in which they were applied.
 * @throws Failed for a body that is broken, or longer than `maxBytes` after any step.
 */
export async function decoded(
  body: Buffer,
  codings: readonly string[],
  maxBytes: number,
): Promise<Buffer> {
  if (codings.length > MAX_CODINGS) throw broken();
  const decoders = codings.map(decoderOf);
  let bytes = body;
  for (const decode of decoders.toReversed()) {
    if (decode === undefined) return body;
    try {
      bytes = await decode(bytes, { maxOutputLength: maxBytes });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
        ? tooLarge(maxBytes)
        : broken();
    }
  }
  return bytes;
}

export function tooLarge(maxBytes: number): Failed {
  return new Failed(`fetch failed: the body is larger than ${maxBytes} bytes`, {
    type: "TypeError",
    code: "ERR_BODY_TOO_LARGE",
  });
}

function broken(): Failed {
  return new Failed("terminated", { type: "TypeError" });
}
