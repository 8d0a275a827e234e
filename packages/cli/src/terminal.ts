import { styleText } from "node:util";

import { plain } from "./visible-text.ts";

/** The kind of a line, which a terminal shows by colour. */
export type Tone = "good" | "bad" | "strong";

/**
 * Where a command writes. Text of a guest, a server or a file cannot move the cursor, and cannot hide or reorder the text next to
 * it: a character that is not visible as itself is written as its code point.
 */
export interface Terminal {
  /** Prints lines of the result on standard output. */
  out(lines: string, tone?: Tone): void;
  /** Prints lines about progress or problems on standard error. */
  note(lines: string, tone?: Tone): void;
  /** Prints the result for programs on standard output, as JSON of ASCII characters only. */
  json(value: unknown): void;
}

/** A stream to write to: the process's own, or a test's. */
export type Output = Pick<NodeJS.WritableStream, "write"> & { readonly isTTY?: boolean };

const COLORS = { good: "green", bad: "red", strong: "bold" } as const;

/** Longest line, in characters, so that a guest's text of a megabyte does not fill a screen. */
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

/** Adds colour on a terminal only. Node itself honours NO_COLOR and the like. */
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
