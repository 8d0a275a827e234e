import { closeSync, openSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Longest index of the library, bytes. */
const MAX_INDEX = 4096;

type Index = Readonly<Record<string, readonly [start: number, end: number]>>;

let index: { readonly parts: Index; readonly bytes: number } | undefined;

/**
 * The source text of a part of the guest library. Never throws: undefined for a name that is not a part's, and if the file cannot
 * be read, for example because no descriptor is left.
 */
export function libraryText(name: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(fileURLToPath(new URL("./guest-library.txt", import.meta.url)), "r");
    index ??= readIndex(fd);
    const part = Object.hasOwn(index.parts, name) ? index.parts[name] : undefined;
    if (part === undefined) return undefined;
    // The text is all ASCII, so its length is its length in bytes.
    return readText(fd, index.bytes + part[0], part[1] - part[0]);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readIndex(fd: number): { parts: Index; bytes: number } {
  const text = readText(fd, 0, MAX_INDEX);
  const bytes = text.indexOf("\n") + 1;
  return { parts: JSON.parse(text.slice(0, bytes)) as Index, bytes };
}

function readText(fd: number, from: number, length: number): string {
  const bytes = Buffer.allocUnsafeSlow(length);
  let held = 0;
  while (held < length) {
    const read = readSync(fd, bytes, held, length - held, from + held);
    if (read === 0) break;
    held += read;
  }
  return bytes.toString("latin1", 0, held);
}
