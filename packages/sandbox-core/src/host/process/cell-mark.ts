import { closeSync, open, read } from "node:fs";
import { promisify } from "node:util";

import { isOutOfReach } from "./proc-stat.ts";

/** The variable that stands in the environment of a cell and of all that it starts. */
export const CELL_MARK = "PYISOLATE_CELL";

/** How much of an environment is looked at between two turns of the host's loop, bytes: it is up to 6 MiB, of hostile text. */
const CHUNK = 32 * 1024;

const NAME = Buffer.from(`${CELL_MARK}=`);

/** Length of a mark: 12 random bytes in hexadecimal. */
const MARK = 24;

const tryOpen = promisify(open);
const tryRead = promisify(read);

/**
 * The first of the marks that is in a process' environment; one that has ended, and waits to be seen by its parent, has no
 * environment any more. Read by a thread of libuv: the kernel waits for what the process does to its memory just then, and
 * the host's loop would wait with it.
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
      // The kernel gives less than it is asked for at the end only.
      if (mark !== undefined || text.length < CHUNK) return mark;
      kept = NAME.length + MARK - 1;
      text.copyWithin(0, text.length - kept);
    }
  } catch {
    return undefined;
  } finally {
    // It waits for nothing, and one way to a thread less is much on a busy machine.
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

/** What {@link markOf} needs room in, for one process after the other. */
export function markBuffer(): Buffer {
  return Buffer.allocUnsafe(CHUNK);
}
