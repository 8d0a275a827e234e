import { Buffer as Base, kMaxLength } from "buffer/index.js";

import { atob, btoa } from "./base64.ts";

// The library is of the time before Node had `base64url`, which differs from `base64` in two letters and in having no padding;
// what it decodes may be either.

const Buffer = Base as typeof globalThis.Buffer;
const prototype: object = Buffer.prototype as Uint8Array;

const isUrl = (encoding: unknown): boolean =>
  typeof encoding === "string" && encoding.toLowerCase() === "base64url";
const known = (encoding: unknown): unknown => (isUrl(encoding) ? "base64" : encoding);

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
replace(Buffer, "from", encodingAt(1));
replace(Buffer, "alloc", encodingAt(2));
replace(
  Buffer,
  "byteLength",
  (old) => (value, encoding) =>
    isUrl(encoding) && typeof value === "string"
      ? Math.floor((value.replace(/=+$/, "").length * 3) / 4)
      : old(value, encoding),
);
for (const name of ["write", "fill", "indexOf", "lastIndexOf", "includes"])
  replace(prototype, name, encodingAt(1, 2, 3));
replace(
  prototype,
  "toString",
  (old) =>
    function (...args) {
      if (!isUrl(args[0])) return old.apply(this, args);
      const text = old.call(this, "base64", ...args.slice(1)) as string;
      return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    },
);

/** How many bytes `inspect` shows. */
const INSPECT_MAX_BYTES = 50;

Object.defineProperty(Buffer.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Uint8Array): string {
    let shown = "";
    const end = Math.min(this.length, INSPECT_MAX_BYTES);
    for (let at = 0; at < end; at++) shown += ` ${(this[at] ?? 0).toString(16).padStart(2, "0")}`;
    const more = this.length - end;
    if (more > 0) shown += ` ... ${more} more byte${more > 1 ? "s" : ""}`;
    return `<Buffer${shown}>`;
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
const isUtf8 = (bytes: Uint8Array): boolean =>
  Buffer.from(Buffer.from(bytes).toString("utf8")).equals(bytes);
const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 536_870_888 };
const kStringMaxLength = constants.MAX_STRING_LENGTH;

export {
  atob,
  btoa,
  Buffer,
  constants,
  INSPECT_MAX_BYTES,
  isAscii,
  isUtf8,
  kMaxLength,
  kStringMaxLength,
};
