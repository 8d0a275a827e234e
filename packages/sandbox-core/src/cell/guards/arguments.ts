import { MAX_REQUEST_TARGET } from "../../frames.ts";
import type { Answer, Primitive } from "../guest/bridge.ts";
import { Malformed } from "./guard.ts";

/** A path that can be asked for: text without NUL or lone surrogates, short enough for the kernel. */
export function pathText(value: Primitive): string {
  if (typeof value !== "string") throw new Malformed("the path is no text");
  if (value === "") throw new Malformed("the path is empty");
  const shown = value.slice(0, MAX_REQUEST_TARGET).toWellFormed();
  if (value.includes("\0")) throw new Malformed("the path holds a NUL", shown);
  if (!value.isWellFormed()) throw new Malformed("the path is not well-formed Unicode", shown);
  // PATH_MAX of Linux counts bytes, the closing NUL among them.
  if (value.length >= MAX_REQUEST_TARGET || Buffer.byteLength(value) >= MAX_REQUEST_TARGET) {
    throw new Malformed("the path is too long", shown);
  }
  return value;
}

/** Content as the guest runtime sends it: `s` for text, `b` for bytes as Latin-1. */
export function contentOf(kind: Primitive, data: Primitive): Uint8Array {
  if (typeof data !== "string" || (kind !== "s" && kind !== "b")) throw new Malformed("the content is neither text nor bytes");
  return Buffer.from(data, kind === "s" ? "utf8" : "latin1");
}

const ENCODINGS = ["utf8", "utf-8", "ascii", "latin1", "base64", "base64url", "hex"] as const;

/** How bytes go to the guest: as they are, or as text in the encoding asked for. */
export function decodeText(encoding: Primitive): (bytes: Uint8Array) => Answer {
  if (encoding === null || encoding === undefined || encoding === "buffer") return (bytes) => bytes;
  const known = ENCODINGS.find((name) => name === encoding);
  if (known === undefined) throw new Malformed("the encoding is unknown");
  return (bytes) => `v${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(known)}`;
}
