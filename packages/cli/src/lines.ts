/** A line of what was read. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Undefined if it is longer than {@link LONGEST}. */
  readonly text: string | undefined;
}

/** Longest line that is read, bytes: a Collector takes requests of at most 20 MiB. */
const LONGEST = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** The lines of a file's bytes, split at line feeds only: JSON may contain other line ends. @throws if they cannot be read. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const line = (): Line => {
    number += 1;
    const text = length > LONGEST ? undefined : Buffer.concat(parts).toString();
    parts = [];
    length = 0;
    return { number, text };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      yield line();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield line();

  function keep(part: Buffer): void {
    length += part.length;
    if (length > LONGEST) parts = [];
    else if (part.length > 0) parts.push(part);
  }
}
