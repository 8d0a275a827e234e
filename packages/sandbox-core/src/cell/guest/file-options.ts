import type { GuestArguments } from "./guest-arguments.ts";
import type { LibraryLoader } from "./library-loader.ts";
import type { Misuse } from "./misuse.ts";
import type { Primordials } from "./primordials.ts";

export type FileOptions = ReturnType<typeof fileOptions>;

/**
 * Reads the arguments of `node:fs`. What cannot be an argument is a TypeError as in Node, and no request; a text that is not a path,
 * such as one with a NUL, is a request all the same, which is refused and recorded. Planted by its source text.
 */
export function fileOptions(
  { apply, Bytes, indexOf, isBytes, trunc }: Primordials,
  { targetText, content, option, plain }: GuestArguments,
  { badType, badValue, isEncoding, notOffered, outOfRange }: Misuse,
  { asBuffer, load }: LibraryLoader,
) {
  type AnyFunction = (...args: unknown[]) => unknown;

  /** The text of a path that is given as text, as a `file:` URL or as bytes. */
  function pathOf(path: unknown, name = "path"): string | null {
    if (typeof path === "string") return targetText(path);
    if (isBytes(path)) {
      const { Buffer } = load("node:buffer") as {
        Buffer: { prototype: { toString: AnyFunction } };
      };
      const decoded = apply(Buffer.prototype.toString, asBuffer(new Bytes(path as Uint8Array)), [
        "utf8",
      ]);
      // Bytes that are no UTF-8 are the name of another file than the text is.
      return indexOf(decoded, "\ufffd") === -1 ? targetText(decoded) : null;
    }
    const href = option(path, "href");
    if (typeof href === "string" && typeof option(path, "protocol") === "string") {
      const { fileURLToPath } = load("node:url") as { fileURLToPath: AnyFunction };
      return targetText(apply(fileURLToPath, undefined, [path]));
    }
    throw badType(name, "of type string or an instance of Buffer or URL", path);
  }

  const nothingGiven = (value: unknown): boolean => value === undefined || value === null;

  function encodingOf(value: unknown): string | number | null {
    if (nothingGiven(value) || value === "buffer") return null;
    if (!isEncoding(value)) throw badValue("encoding", "is invalid encoding", value);
    return plain(value);
  }

  /** Every flag of Node's, so that one which no cell has is told from one which there is not. */
  const flags = " r rs sr r+ rs+ sr+ w wx xw w+ wx+ xw+ a ax xa as sa a+ ax+ xa+ as+ sa+ ";

  return {
    pathOf,
    encodingOf,
    /** Content to write; with no path the guard refuses the request, whatever the content is. */
    dataOf: (data: unknown, target: string | null): unknown => {
      const isPath = target !== null && target !== "" && indexOf(target, "\0") === -1;
      if (isPath && content(data)[0] === null)
        throw badType(
          "data",
          "of type string or an instance of Buffer, TypedArray, or DataView",
          data,
        );
      return data;
    },
    /** How names are given: as text in UTF-8 and in no other way. */
    namesIn: (value: unknown): string | number | null => {
      const encoding = encodingOf(value);
      if (value === "buffer" || (encoding !== null && encoding !== "utf8" && encoding !== "utf-8"))
        throw notOffered("encoding", value);
      return encoding;
    },
    flagOf: (value: unknown, offered: string): string | number | null => {
      if (nothingGiven(value)) return null;
      if (typeof value === "number") throw notOffered("flag", value);
      const known = typeof value === "string" && value !== "" && indexOf(value, " ") === -1;
      if (!known || indexOf(flags, ` ${value} `) === -1)
        throw badValue("flags", "is invalid", value);
      if (indexOf(offered, ` ${value} `) === -1) throw notOffered("flag", value);
      return value;
    },
    modeOf: (value: unknown): string | number | null => {
      if (nothingGiven(value)) return null;
      if (typeof value === "number") {
        if (trunc(value) !== value) throw outOfRange("mode", "an integer", value);
        if (value < 0 || value > 4_294_967_295)
          throw outOfRange("mode", ">= 0 && <= 4294967295", value);
        return value;
      }
      const digits = typeof value === "string" ? value : "";
      for (let index = 0; index < digits.length; index++)
        if (indexOf("01234567", digits[index]) === -1 || index > 5)
          throw badValue("mode", "must be a 32-bit unsigned integer or an octal string", value);
      if (digits === "") throw badType("mode", "of type number", value);
      return digits;
    },
    booleanOf: (name: string, options: Readonly<Record<string, unknown>>): boolean => {
      const value = options[name];
      if (nothingGiven(value)) return false;
      if (typeof value !== "boolean") throw badType(`options.${name}`, "of type boolean", value);
      return value;
    },
    /** `COPYFILE_FICLONE` asks for a copy on write where the disk has it, which a copy may be without. */
    copyModeOf: (value: unknown): number => {
      if (nothingGiven(value)) return 0;
      if (typeof value !== "number") throw badType("mode", "of type number", value);
      if (trunc(value) !== value || value < 0 || value > 7)
        throw outOfRange("mode", "an integer >= 0 && <= 7", value);
      if (value >= 4) throw notOffered("mode", "COPYFILE_FICLONE_FORCE");
      return value % 2;
    },
    signalOf: (value: unknown): unknown => {
      if (value === undefined) return undefined;
      if (typeof option(value, "aborted") !== "boolean")
        throw badType("options.signal", "an instance of AbortSignal", value);
      return value;
    },
  };
}
