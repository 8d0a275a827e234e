import type { RecordField } from "../names.ts";
import type { Filter } from "../selector.ts";

/** The fields of a log record that were asked for, by our own names for them, which are the same for every store. */
export interface LogRecord {
  /** Unix milliseconds. */
  readonly time: number;
  readonly fields: Readonly<Partial<Record<RecordField, string>>>;
}

/** Orders records newest first. Records of the same millisecond get a fixed order, whatever order the store returned. */
export function newestFirst(one: LogRecord, other: LogRecord): number {
  if (one.time !== other.time) return other.time - one.time;
  const [text, otherText] = [one.fields, other.fields].map((fields) => JSON.stringify(fields));
  return (text ?? "") < (otherText ?? "") ? 1 : -1;
}

/** Which records to ask for. */
export interface Wanted {
  readonly event: string;
  readonly filter: Filter;
  /** Fields that must have exactly this value. */
  readonly where?: Readonly<Partial<Record<RecordField, string>>>;
  /** Which fields to give; those of the report unless given. */
  readonly fields?: readonly RecordField[];
}

export type LogStoreName = "VictoriaLogs" | "Loki";

/** A store of log records, and the queries that the report makes. Times are Unix milliseconds. */
export interface LogStore {
  readonly name: LogStoreName;
  readonly url: URL;
  /**
   * The newest records first, each once, at most `limit`.
   *
   * @throws {SourceError}
   */
  newest(
    wanted: Wanted,
    range: Readonly<Record<"from" | "to" | "limit", number>>,
  ): Promise<LogRecord[]>;
  /**
   * Checks with a cheap query that the server is this kind of store.
   *
   * @throws {SourceError} If it is not, or does not answer.
   */
  present(): Promise<void>;
}
