import { Buffer as Base, kMaxLength } from "buffer/index.js";

import { invalidArgument, outOfRange, unknownEncoding } from "./argument-errors.ts";
import { atob, btoa } from "./base64.ts";
import { checkedNumber } from "./buffer-numbers.ts";
import { TextDecoder } from "./encoding.ts";

// The `buffer` package does not know `base64url`, which Node has: `base64` with two other letters and without padding. Node decodes
// either form under both names.

const Buffer = Base as typeof globalThis.Buffer;
const prototype: object = Buffer.prototype as Uint8Array;

const isUrl = (encoding: unknown): boolean =>
  typeof encoding === "string" && encoding.toLowerCase() === "base64url";
const known = (encoding: unknown): unknown => (isUrl(encoding) ? "base64" : encoding);
const isEncoding = (encoding: unknown): boolean => Buffer.isEncoding(encoding as string);

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method by one that gets the old one as its first argument. */
function replace(target: object, name: string, made: (old: Method) => Method): void {
  const old = Reflect.get(target, name) as Method;
  const method = made(old);
  Object.defineProperty(method, "name", { value: name, configurable: true });
  Object.defineProperty(target, name, {
    value: method,
    configurable: true,
    writable: true,
    enumerable: true,
  });
}

const encodingAt =
  (...indices: number[]) =>
  (old: Method): Method =>
    function (...args) {
      for (const index of indices) if (index < args.length) args[index] = known(args[index]);
      return old.apply(this, args);
    };

replace(Buffer, "isEncoding", (old) => (encoding) => old(known(encoding)));
for (const bits of [16, 32, 64])
  replace(
    prototype,
    `swap${bits}`,
    (old) =>
      function () {
        if ((this as Uint8Array).length % (bits / 8) === 0) return old.call(this);
        const error = new RangeError(`Buffer size must be a multiple of ${bits}-bits`);
        throw Object.assign(error, { code: "ERR_INVALID_BUFFER_SIZE" });
      },
  );
replace(
  prototype,
  "write",
  (old) =>
    function (text, ...rest) {
      if (typeof text !== "string") throw invalidArgument("argument", "a string", text);
      return old.call(this, text, ...rest);
    },
);
const fromKinds =
  "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object";
replace(Buffer, "from", (old) => (...args) => {
  const [value] = args;
  const isHolder = typeof value === "string" || (typeof value === "object" && value !== null);
  if (!isHolder) throw invalidArgument("first argument", fromKinds, value);
  if (args.length > 1) args[1] = known(args[1]);
  // A half of a pair of hexadecimal digits is not a byte.
  if (typeof value === "string" && args[1] === "hex")
    args[0] = /^(?:[0-9a-f]{2})*/i.exec(value)?.[0];
  if (typeof value === "string" && !isEncoding(args[1] ?? "utf8")) throw unknownEncoding(args[1]);
  return old(...args);
});
for (const name of ["alloc", "allocUnsafe", "allocUnsafeSlow"])
  replace(Buffer, name, (old) => (size, fill, encoding) => {
    if (typeof size !== "number") throw invalidArgument("size", "of type number", size);
    if (!(size >= 0 && size <= kMaxLength))
      throw outOfRange("size", `>= 0 && <= ${Number.MAX_SAFE_INTEGER}`, size);
    return old(size, fill, known(encoding));
  });
replace(
  Buffer,
  "byteLength",
  (old) => (value, encoding) =>
    typeof value === "string" &&
    typeof known(encoding) === "string" &&
    /^base64/i.test(encoding as string)
      ? Math.floor((value.replace(/=+$/, "").length * 3) / 4)
      : old(value, encoding),
);
replace(Buffer, "concat", (old) => (list, length) => {
  if (!Array.isArray(list)) throw invalidArgument("list", "an instance of Array", list);
  return old(list, length);
});
for (const name of ["write", "fill", "indexOf", "lastIndexOf", "includes"])
  replace(prototype, name, encodingAt(1, 2, 3));
replace(
  prototype,
  "indexOf",
  (old) =>
    function (value, from, encoding) {
      const isEmpty = value === "" || (ArrayBuffer.isView(value) && value.byteLength === 0);
      const start = typeof from === "number" ? from : 0;
      if (!isEmpty) return old.call(this, value, from, encoding);
      const { length } = this as Uint8Array;
      return Math.min(start < 0 ? Math.max(length + start, 0) : start, length);
    },
);
const buffersOf = (value: unknown): unknown =>
  value instanceof Uint8Array && !Buffer.isBuffer(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value;
for (const name of ["equals", "compare"])
  replace(
    prototype,
    name,
    (old) =>
      function (other, ...rest) {
        if (!(other instanceof Uint8Array)) {
          const called = name === "equals" ? "otherBuffer" : "target";
          throw invalidArgument(called, "an instance of Buffer or Uint8Array", other);
        }
        return old.call(this, buffersOf(other), ...rest);
      },
  );
for (const name of Object.keys(prototype))
  if (/^(?:read|write)(?:Big)?(?:U?[Ii]nt|Float|Double)/.test(name))
    replace(prototype, name, (old) => checkedNumber(name, old) as Method);
replace(
  prototype,
  "toString",
  (old) =>
    function (...args) {
      const [encoding, start = 0, end] = args;
      // The library shows a character that is cut off as one mark for each byte, the standard as one.
      if (encoding === undefined || (typeof encoding === "string" && /^utf-?8$/i.test(encoding))) {
        const part = (this as Uint8Array).subarray(...clamped(this as Uint8Array, start, end));
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(part);
      }
      if (!isUrl(encoding) && !isEncoding(encoding)) throw unknownEncoding(encoding);
      if (!isUrl(encoding)) return old.apply(this, args);
      const text = old.call(this, "base64", ...args.slice(1)) as string;
      return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    },
);

/** A range as the methods of Buffer take it: no count from the end. */
function clamped(bytes: Uint8Array, start: unknown, end: unknown): [number, number] {
  const whole = (value: unknown): number =>
    Math.min(Math.max(Math.trunc(Number(value)) || 0, 0), bytes.length);
  const from = whole(start);
  return [from, Math.max(from, end === undefined ? bytes.length : whole(end))];
}

/** How many bytes `inspect` shows. */
const INSPECT_MAX_BYTES = 50;

Object.defineProperty(Buffer.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Uint8Array): string {
    let shown = "";
    const end = Math.min(this.length, INSPECT_MAX_BYTES);
    for (let at = 0; at < end; at++) shown += ` ${(this[at] ?? 0).toString(16).padStart(2, "0")}`;
    const more = this.length - end;
    if (more > 0) shown += ` ... ${more} more byte${more > 1 ? "s" : ""}`;
    return `<Buffer${shown === "" ? " " : shown}>`;
  },
  configurable: true,
  writable: true,
});
function copyBytesFrom(view: NodeJS.TypedArray, offset = 0, length?: number): Buffer {
  const end = length === undefined ? view.length : offset + length;
  const part = view.subarray(offset, end);
  return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
}
Object.assign(Buffer, { copyBytesFrom });

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 128);
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
/** The same text in another encoding; a character that the other has not becomes `?`. */
function transcode(bytes: Uint8Array, from: BufferEncoding, to: BufferEncoding): Buffer {
  const text = Buffer.from(bytes).toString(from);
  const most = { latin1: 0xff, binary: 0xff, ascii: 0x7f }[to as string] ?? 0x10ffff;
  return Buffer.from(
    text.replaceAll(/./gsu, (sign) => ((sign.codePointAt(0) ?? 0) > most ? "?" : sign)),
    to,
  );
}
const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 536_870_888 };
const kStringMaxLength = constants.MAX_STRING_LENGTH;

const module = {
  Buffer,
  transcode,
  isUtf8,
  isAscii,
  kMaxLength,
  kStringMaxLength,
  btoa,
  atob,
  constants,
  INSPECT_MAX_BYTES,
  // They belong to a part that most programs with a Buffer have no use for.
  get Blob() {
    return (require("./fetch.ts") as typeof import("./fetch.ts")).Blob;
  },
  get File() {
    return (require("./fetch.ts") as typeof import("./fetch.ts")).File;
  },
};

// The name alone is for the other parts, which read it of the module.
export { Buffer, module as default, module as "module.exports" };
