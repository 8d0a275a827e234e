import { styleText } from "node:util";

import { plain } from "./visible.ts";

/** What a line is, which a terminal shows by its colour. */
export type Tone = "good" | "bad" | "strong";

/**
 * Where a command writes. Text of a guest, a server or a file cannot move the cursor, hide or reorder what stands beside it:
 * each character that would not be seen as what it is, is written as its code point.
 */
export interface Terminal {
  /** Lines of the result, on standard output. */
  out(lines: string, tone?: Tone): void;
  /** Lines about what happens or is wrong, on standard error. */
  note(lines: string, tone?: Tone): void;
  /** The result for programs, on standard output: JSON of ASCII characters only. */
  json(value: unknown): void;
}

/** A stream to write to, a process's own or a test's. */
export type Output = Pick<NodeJS.WritableStream, "write"> & { readonly isTTY?: boolean };

const COLORS = { good: "green", bad: "red", strong: "bold" } as const;

/** Longest line, in characters: a guest's text of a megabyte shall not fill a screen. */
const MAX_LINE = 4000;

export function createTerminal(stdout: Output, stderr: Output): Terminal {
  const write = (stream: Output, lines: string, tone: Tone | undefined): void => {
    for (const line of lines.split("\n"))
      stream.write(`${toned(stream, plain(line, MAX_LINE), tone)}\n`);
  };
  return {
    out: (lines, tone) => write(stdout, lines, tone),
    note: (lines, tone) => write(stderr, lines, tone),
    json: (value) => void stdout.write(`${asciiJson(value)}\n`),
  };
}

/** Only on a terminal, and not where NO_COLOR or the like is set, which Node looks after. */
function toned(stream: Output, line: string, tone: Tone | undefined): string {
  if (tone === undefined || stream.isTTY !== true || line === "") return line;
  return styleText(COLORS[tone], line, { stream: stream as NodeJS.WriteStream });
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(
    /[^\n -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
