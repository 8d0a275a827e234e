import { parsed } from "../json.ts";
import { linesOf } from "../lines.ts";
import { readBytes } from "../read-file.ts";
import { deniedIn, type RecordedDenial } from "./denied-in.ts";

/** Denials of a file of records. */
export interface Records {
  readonly denials: readonly RecordedDenial[];
  /** How many lines are no JSON. */
  readonly unread: number;
  /** How many values of JSON were read. */
  readonly values: number;
}

/** Most denials that are read: no person can check a suggestion that was made from more. */
const MOST_DENIALS = 1_000_000;

/**
 * Reads denials from a file of JSON, one value a line or one value in all: what the Collector's file exporter writes, what
 * VictoriaLogs returns, or events. A denial that was delivered twice counts once.
 *
 * @param file `-` for standard input.
 * @throws Error if the file cannot be read, or holds too many denials.
 */
export async function readRecords(file: string): Promise<Records> {
  const denials = new Map<string, RecordedDenial>();
  let unread = 0;
  let values = 0;
  /** Lines that are no JSON by themselves, for a value that goes over several. */
  let pending: string[] = [];
  const take = (value: unknown): void => {
    values += 1;
    for (const denial of deniedIn(value)) {
      const { id = denials.size, capability, operation, target } = denial;
      denials.set(JSON.stringify([id, capability, operation, target]), denial);
    }
    if (denials.size > MOST_DENIALS) {
      throw new Error(
        `${file}: more than ${MOST_DENIALS} denials; choose some, such as those of one day`,
      );
    }
  };
  for await (const { text } of linesOf(readBytes(file))) {
    if (text?.trim() === "") continue;
    const value = text === undefined ? undefined : parsed(text);
    if (value !== undefined) take(value);
    else if (text === undefined) unread += 1;
    else pending.push(text);
    if (pending.length > MOST_LINES) {
      unread += pending.length;
      pending = [];
    }
  }
  const whole = parsed(pending.join("\n"));
  if (whole === undefined) unread += pending.length;
  else take(whole);
  return { denials: [...denials.values()], unread, values };
}

/** Most lines of one value. */
const MOST_LINES = 100_000;
