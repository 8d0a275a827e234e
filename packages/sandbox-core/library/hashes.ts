import { hmac } from "@noble/hashes/hmac.js";
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js";
import { sha3_224, sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";

import { invalidArgument } from "./argument-errors.ts";
import { Buffer } from "./buffer.ts";

const HASHES = {
  md5,
  ripemd160,
  sha1,
  sha224,
  sha256,
  "sha3-224": sha3_224,
  "sha3-256": sha3_256,
  "sha3-384": sha3_384,
  "sha3-512": sha3_512,
  sha384,
  sha512,
  "sha512-224": sha512_224,
  "sha512-256": sha512_256,
};

interface Running {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): Running;
}
type Data = string | NodeJS.ArrayBufferView | ArrayBuffer;

function hashOf(name: unknown): (typeof HASHES)["sha256"] {
  const known = String(name)
    .toLowerCase()
    .replace(/^(?:rsa-)?sha-?(1|224|256|384|512)(.*)$/, "sha$1$2");
  if (!Object.hasOwn(HASHES, known)) {
    throw Object.assign(new Error("Digest method not supported"), {
      code: "ERR_CRYPTO_INVALID_DIGEST",
    });
  }
  return HASHES[known as "sha256"];
}

function bytesOf(data: unknown, encoding?: BufferEncoding): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, encoding ?? "utf8");
  if (ArrayBuffer.isView(data))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw invalidArgument(
    "data",
    "of type string or an instance of Buffer, TypedArray, or DataView",
    data,
  );
}

/** What `createHash` and `createHmac` return. */
class Digest {
  readonly #running: Running;
  #isDone = false;

  constructor(running: Running) {
    this.#running = running;
  }

  update(data: Data, encoding?: BufferEncoding): this {
    if (this.#isDone) throw finalized();
    this.#running.update(bytesOf(data, encoding));
    return this;
  }

  digest(encoding?: BufferEncoding | "buffer"): string | Uint8Array {
    if (this.#isDone) throw finalized();
    this.#isDone = true;
    const bytes = Buffer.from(this.#running.digest());
    return encoding === undefined || encoding === "buffer" ? bytes : bytes.toString(encoding);
  }

  copy(): Digest {
    if (this.#isDone) throw finalized();
    return new Digest(this.#running.clone());
  }
}

function finalized(): Error {
  return Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
}

export const createHash = (name: string): Digest => new Digest(hashOf(name).create());

export function createHmac(name: string, key: Data): Digest {
  if (key === undefined || key === null) {
    const kinds = "ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey";
    throw invalidArgument("key", `of type string or an instance of ${kinds}`, key);
  }
  return new Digest(hmac.create(hashOf(name), bytesOf(key)));
}

/** One call for `createHash(name).update(data).digest(encoding)`. */
export const hash = (name: string, data: Data, encoding: BufferEncoding = "hex") =>
  createHash(name).update(data).digest(encoding);

export const getHashes = (): string[] => Object.keys(HASHES);

export function timingSafeEqual(one: unknown, other: unknown): boolean {
  const [a, b] = [bytesOf(one), bytesOf(other)];
  if (a.length !== b.length) {
    throw Object.assign(new RangeError("Input buffers must have the same byte length"), {
      code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH",
    });
  }
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/** `crypto.subtle.digest`: SHA-1 and the three of SHA-2 that the standard names. */
export async function digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
  const { DOMException } = require("./event-target.ts") as typeof import("./event-target.ts");
  const given = typeof algorithm === "object" && algorithm !== null && "name" in algorithm;
  const name = String(given ? algorithm.name : algorithm).toUpperCase();
  if (!/^SHA-(?:1|256|384|512)$/.test(name))
    throw new DOMException("Unrecognized algorithm name", "NotSupportedError");
  if (typeof data === "string") bytesOf({});
  const bytes = hashOf(name)(bytesOf(data));
  return bytes.slice().buffer;
}
