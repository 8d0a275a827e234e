import type { RecordField } from "../names.ts";
import type { Filter } from "../selector.ts";

/** A log record, as far as it is told: fields by our own words for them, whatever its store calls them. */
export interface LogRecord {
  /** Unix milliseconds. */
  readonly time: number;
  readonly fields: Readonly<Partial<Record<RecordField, string>>>;
}

/** The newest first; those of one millisecond in an order that no store's whim changes. */
export function newestFirst(one: LogRecord, other: LogRecord): number {
  if (one.time !== other.time) return other.time - one.time;
  const [text, otherText] = [one.fields, other.fields].map((fields) => JSON.stringify(fields));
  return (text ?? "") < (otherText ?? "") ? 1 : -1;
}

/** Which records. */
export interface Wanted {
  readonly event: string;
  readonly filter: Filter;
  /** Fields that are one value. */
  readonly where?: Readonly<Partial<Record<RecordField, string>>>;
}

export type LogStoreName = "VictoriaLogs" | "Loki";

/** What is asked of a store of records. Times are Unix milliseconds. */
export interface LogStore {
  readonly name: LogStoreName;
  readonly url: URL;
  /**
   * The newest records first, each once, `limit` at most.
   *
   * @throws {SourceError}
   */
  newest(
    wanted: Wanted,
    range: Readonly<Record<"from" | "to" | "limit", number>>,
  ): Promise<LogRecord[]>;
  /**
   * Whether it is what it is taken for, by a question that costs nothing.
   *
   * @throws {SourceError} Because it is not, or does not answer.
   */
  present(): Promise<void>;
}
