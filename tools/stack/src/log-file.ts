import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StackError } from "./errors.ts";
import { type CollectedLog, parseLogsRequest } from "./otlp-json.ts";

export interface LogFileContents {
  /** Oldest first, as far as the file tells. */
  readonly logs: CollectedLog[];
  /** Pieces that are not requests: a Collector killed in the middle of a line leaves one. */
  readonly unreadable: number;
}

/**
 * What the Collector's file exporter has written, its rotated files included; empty where there is no file yet.
 *
 * @remarks A last line still being written is not yet there, nor unreadable.
 */
export async function readLogFile(path: string): Promise<LogFileContents> {
  const logs: CollectedLog[] = [];
  let unreadable = 0;
  for (const file of [...(await rotated(path)), path]) {
    const contents = await readOne(file);
    for (const log of contents.logs) logs.push(log);
    unreadable += contents.unreadable;
  }
  return { logs, unreadable };
}

/**
 * Reads until what has been written satisfies.
 *
 * @param withinMs 10 s unless given.
 * @throws {StackError} `not-ready`.
 */
export async function waitForLogs(
  path: string,
  satisfies: (logs: CollectedLog[]) => boolean,
  withinMs = 10_000,
): Promise<CollectedLog[]> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const { logs, unreadable } = await readLogFile(path);
    if (satisfies(logs)) return logs;
    if (Date.now() > deadline) {
      throw new StackError(
        "not-ready",
        `After ${withinMs / 1000} s ${path} holds ${logs.length} records (${unreadable} unreadable), not what it should.`,
      );
    }
    await sleep(50);
  }
}

/** Every request begins so, and within a JSON string the quotes would be escaped: it is nowhere else. */
const BEFORE_REQUEST = /(?=\{"resourceLogs":)/;

/** The records on one line; more than one request where a killed Collector left a line without its end. */
export function parseLogLine(line: string): LogFileContents {
  const logs: CollectedLog[] = [];
  let unreadable = 0;
  for (const piece of line.split(BEFORE_REQUEST)) {
    if (piece.trim() === "") continue;
    const parsed = parseRequest(piece);
    if (parsed === undefined) unreadable++;
    else logs.push(...parsed);
  }
  return { logs, unreadable };
}

function parseRequest(piece: string): CollectedLog[] | undefined {
  try {
    return parseLogsRequest(JSON.parse(piece));
  } catch {
    return undefined;
  }
}

async function readOne(path: string): Promise<LogFileContents> {
  const logs: CollectedLog[] = [];
  let unreadable = 0;
  for await (const { text, ended } of linesOf(path)) {
    const line = parseLogLine(text);
    for (const log of line.logs) logs.push(log);
    // The last piece of a line without its end may still be growing; the pieces before it will not.
    unreadable += ended ? line.unreadable : Math.max(0, line.unreadable - 1);
  }
  return { logs, unreadable };
}

// Not node:readline, which also breaks lines at U+2028, and a guest may write that.
async function* linesOf(path: string): AsyncGenerator<{ text: string; ended: boolean }> {
  let rest = "";
  try {
    for await (const chunk of createReadStream(path, { encoding: "utf8" })) {
      const lines = `${rest}${String(chunk)}`.split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) yield { text, ended: true };
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  if (rest !== "") yield { text: rest, ended: false };
}

// The exporter renames denials.jsonl to denials-<time>-size.jsonl, so names sort by age.
async function rotated(path: string): Promise<string[]> {
  const extension = extname(path);
  const stem = `${basename(path, extension)}-`;
  try {
    const names = await readdir(dirname(path));
    return names
      .filter((name) => name.startsWith(stem) && name.endsWith(extension))
      .toSorted()
      .map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}
