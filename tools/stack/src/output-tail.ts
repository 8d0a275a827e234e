import { open } from "node:fs/promises";

/** Enough for Go's longest complaint, little enough for a terminal. */
const TAIL_BYTES = 4096;
const TAIL_LINES = 20;

/** The last lines of a text file; empty if there is none. */
export async function tailOf(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    return lastLines(buffer.toString("utf8", 0, bytesRead));
  } catch {
    return "";
  }
}

/** The last lines of a text, without blank ones at its end. */
export function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}
