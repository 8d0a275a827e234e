import { MAX_REQUEST_TARGET } from "../../frames.ts";
import type { Answer, Primitive } from "../guest/bridge.ts";
import { Malformed } from "./guard.ts";

/** Reads a path: text without NUL or lone surrogates, and short enough for the kernel. */
export function pathText(value: Primitive): string {
  if (typeof value !== "string") throw new Malformed("the path is not text");
  if (value === "") throw new Malformed("the path is empty");
  const shown = value.slice(0, MAX_REQUEST_TARGET).toWellFormed();
  if (value.includes("\0")) throw new Malformed("the path holds a NUL", shown);
  if (!value.isWellFormed()) throw new Malformed("the path is not well-formed Unicode", shown);
  // Linux's PATH_MAX counts bytes, and includes the closing NUL.
  if (value.length >= MAX_REQUEST_TARGET || Buffer.byteLength(value) >= MAX_REQUEST_TARGET) {
    throw new Malformed("the path is too long", shown);
  }
  return value;
}

/** Reads content as the guest runtime sends it: `s` and text, which an encoding may turn into bytes, or `b` and bytes. */
export function contentOf(
  kind: Primitive,
  data: Primitive,
  encoding: Primitive = null,
  target = "",
): Uint8Array {
  if (kind === "b" && data instanceof Uint8Array) return data;
  if (kind !== "s" || typeof data !== "string")
    throw new Malformed("the content is neither text nor bytes", target);
  return Buffer.from(data, encodingOf(encoding, target) ?? "utf8");
}

/** How the guest gets bytes: as they are, or as text in the encoding that it asked for. */
export function decodeText(encoding: Primitive, target = ""): (bytes: Uint8Array) => Answer {
  const known = encodingOf(encoding, target);
  if (known === null) return (bytes) => bytes;
  return (bytes) =>
    `v${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(known)}`;
}

/** Null if the guest asked for no encoding. */
function encodingOf(encoding: Primitive, target: string): BufferEncoding | null {
  if (encoding === null || encoding === undefined || encoding === "buffer") return null;
  if (typeof encoding !== "string" || !Buffer.isEncoding(encoding))
    throw new Malformed("the encoding is unknown", target);
  return encoding;
}

/** Reads permission bits as Node does: a number, or octal digits. Masks all other bits, so that a guest cannot set set-user-ID. */
export function modeOf(mode: Primitive, usual: number, target: string): number {
  if (mode === null || mode === undefined) return usual;
  const bits =
    typeof mode === "string" && /^[0-7]{1,6}$/.test(mode) ? Number.parseInt(mode, 8) : mode;
  if (typeof bits !== "number" || !Number.isInteger(bits) || bits < 0)
    throw new Malformed("the mode is not a number", target);
  return bits & 0o777;
}

/** Reads a length or a place in a file: bytes, a whole number from 0 on. */
export function lengthOf(value: Primitive, target = ""): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new Malformed("the length is not a number of bytes", target);
  return value;
}
