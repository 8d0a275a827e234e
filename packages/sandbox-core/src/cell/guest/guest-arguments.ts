import type { Primordials } from "./primordials.ts";

export type GuestArguments = ReturnType<typeof guestArguments>;

/** Reads a guest's arguments: each once, converted to primitives. Planted by its source text. */
export function guestArguments(primordials: Primordials, limits: { readonly maxText: number }) {
  const {
    bufferLengthOf,
    bufferOf,
    byteLengthOf,
    byteOffsetOf,
    Bytes,
    create,
    isTypeError,
    isView,
    own,
    ownKeys,
    slice,
    stringify,
    tagOf,
    text,
    TypeError,
  } = primordials;

  /**
   * Longest text of a list or of headers, above the limit of every guard. Longer text is not copied, because it would be refused
   * anyway.
   */
  const maxList = 131_072;

  /**
   * The text of a target, cut one character above the limit, which is enough to be refused; null, which every guard refuses, for
   * other values.
   */
  const targetText = (value: unknown): string | null =>
    typeof value === "string" ? slice(value, 0, limits.maxText + 1) : null;

  /** A view of the same bytes as a typed array or buffer; null for other values. */
  function bytesOf(value: unknown): Uint8Array | null {
    try {
      if (isView(value)) {
        return tagOf(value) === undefined
          ? null
          : new Bytes(bufferOf(value), byteOffsetOf(value), byteLengthOf(value));
      }
      // Check its internal slot: `instanceof` would call traps of the guest.
      bufferLengthOf(value);
      return new Bytes(value as ArrayBuffer);
    } catch (error) {
      // The engine throws a TypeError for a value that is not a buffer. Other errors, such as the end of the guest's stack, say
      // nothing about the value.
      if (!isTypeError(error)) throw error;
      return null;
    }
  }

  /** Content: `s` and text, or `b` and a copy of the bytes; nulls for other values. */
  function content(value: unknown): [kind: string | null, data: string | Uint8Array] {
    if (typeof value === "string") return ["s", value];
    const bytes = bytesOf(value);
    return bytes === null ? [null, ""] : ["b", new Bytes(bytes)];
  }

  function option(options: unknown, name: string): unknown {
    return typeof options === "object" && options !== null
      ? (options as Record<string, unknown>)[name]
      : undefined;
  }

  /**
   * Reads a call's options by name. A bare text or number stands for the option `short`.
   *
   * @throws TypeError for an option that has an effect in Node and none here.
   */
  function optionsOf(
    given: unknown,
    names: readonly string[],
    short?: string,
  ): Record<string, unknown> {
    const read = create(null);
    if (given === undefined || given === null) return read;
    if (short !== undefined && (typeof given === "string" || typeof given === "number")) {
      read[short] = given;
      return read;
    }
    if (typeof given !== "object") throw new TypeError("The options are not an object");
    const options = given as Record<string, unknown>;
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      read[name] = options[name];
    }
    const keys = ownKeys(options);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      if (typeof key !== "string" || key in read) continue;
      const value = options[key];
      if (value !== undefined && value !== null && value !== false) {
        const error = new TypeError(`The option '${slice(key, 0, 64)}' is not offered in a cell`);
        own(error, "code", "ERR_INVALID_ARG_VALUE", true);
        throw error;
      }
    }
    return read;
  }

  /** An option's value as it crosses the wall; values other than text and numbers become text. */
  function plain(value: unknown): string | number | null {
    if (value === undefined || value === null) return null;
    return typeof value === "number" ? value : slice(text(value), 0, 64);
  }

  /**
   * A list of texts as JSON, without calling the guest's toJSON. Of a list that is too long, or of other items, only its beginning,
   * without the end: the guard refuses that, and the record shows what was tried.
   */
  function listText(list: unknown[]): string {
    let out = "[";
    for (let index = 0; index < list.length; index++) {
      const item = list[index];
      if (typeof item !== "string" || index > 4096) return out;
      if (out.length + item.length > maxList)
        return `${out}${index === 0 ? "" : ","}${stringify(slice(item, 0, 1024))}`;
      out += (index === 0 ? "" : ",") + stringify(item);
    }
    return `${out}]`;
  }

  /** A record of texts as JSON pairs; null for other values. */
  function pairsText(record: unknown): string | null {
    if (record === undefined || record === null) return "[]";
    if (typeof record !== "object") return null;
    let out = "[";
    const names = ownKeys(record);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (typeof name !== "string" || index > 256) return null;
      const value = text((record as Record<string, unknown>)[name]);
      if (out.length + name.length + value.length > maxList) return null;
      out += `${index === 0 ? "" : ","}[${stringify(name)},${stringify(value)}]`;
    }
    return `${out}]`;
  }

  return { targetText, bytesOf, content, option, optionsOf, plain, listText, pairsText };
}
