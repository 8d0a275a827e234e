import { closeSync, open, read } from "node:fs";
import { promisify } from "node:util";

import { isOutOfReach } from "./proc-stat.ts";

/** The variable in the environment of a cell, and of every process that it starts. */
export const CELL_MARK = "PYISOLATE_CELL";

/** How much of an environment is searched in one turn of the host's loop, bytes. An environment has up to 6 MiB, of hostile text. */
const CHUNK = 32 * 1024;

const NAME = Buffer.from(`${CELL_MARK}=`);

/** Length of a mark: 12 random bytes in hexadecimal. */
const MARK = 24;

const tryOpen = promisify(open);
const tryRead = promisify(read);

/**
 * The first of the marks in a process's environment. A process that has ended, and waits for its parent to notice, has no
 * environment. A libuv thread reads the file: while the process changes its memory, the kernel makes the reader wait, and the
 * host's loop must not.
 */
export async function markOf(
  name: string,
  marks: ReadonlyMap<string, unknown>,
  buffer: Buffer,
): Promise<string | undefined> {
  let fd: number;
  try {
    fd = await tryOpen(`/proc/${name}/environ`, "r");
  } catch (error) {
    if (isOutOfReach(error)) return undefined;
    throw error;
  }
  try {
    for (let kept = 0; ;) {
      const { bytesRead } = await tryRead(fd, buffer, kept, CHUNK - kept, null);
      const text = buffer.subarray(0, kept + bytesRead);
      const mark = firstMark(text, marks);
      // Only at its end does the kernel return less than was asked for.
      if (mark !== undefined || text.length < CHUNK) return mark;
      kept = NAME.length + MARK - 1;
      text.copyWithin(0, text.length - kept);
    }
  } catch {
    return undefined;
  } finally {
    // Closing does not block, and on a busy machine each trip to a libuv thread costs much.
    closeSync(fd);
  }
}

function firstMark(text: Buffer, marks: ReadonlyMap<string, unknown>): string | undefined {
  for (let at = text.indexOf(NAME); at !== -1; at = text.indexOf(NAME, at + NAME.length)) {
    const value = at + NAME.length;
    const mark = text.toString("latin1", value, value + MARK);
    if (marks.has(mark)) return mark;
  }
  return undefined;
}

/** A buffer for {@link markOf}; it can be reused for one process after another. */
export function markBuffer(): Buffer {
  return Buffer.allocUnsafe(CHUNK);
}
