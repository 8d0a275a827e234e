import {
  ChainCheck,
  type ChainFinding,
  type ChainReport,
  type OtlpRecord,
} from "@pyisolate/telemetry";

import { linesOf } from "../lines.ts";
import { readBytes } from "../read-file.ts";

/** Where a record stands. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A line in which no records could be looked for. */
interface Unreadable {
  readonly kind: "unreadable";
  readonly place: Place;
  readonly records: 0;
  readonly message: string;
}

export type Finding = ChainFinding<Place> | Unreadable;

/** What was found in the files together. */
export interface FilesReport extends Omit<ChainReport<Place>, "findings"> {
  /** In the order of the files and their lines. */
  readonly findings: readonly Finding[];
}

/** Most unreadable lines that are told one by one. */
const MAX_UNREADABLE = 1000;

/**
 * Checks files of OTLP JSON lines, as a Collector's file exporter writes them or as a spool keeps them, dead letters included, as
 * one sequence.
 *
 * @param how `resent`: what sending again explains is accepted.
 * @throws if a file cannot be read.
 */
export async function checkFiles(
  files: readonly string[],
  { resent, signal }: { readonly resent: boolean; readonly signal: AbortSignal },
): Promise<FilesReport> {
  const check = new ChainCheck<Place>({ resent });
  const unreadable: Unreadable[] = [];
  let count = 0;
  for (const file of files) {
    for await (const { number, text } of linesOf(readBytes(file))) {
      signal.throwIfAborted();
      const place = { file, line: number };
      const message = text === undefined ? "it is too long" : checkLine(check, text, place);
      if (message === undefined) continue;
      count += 1;
      if (count <= MAX_UNREADABLE)
        unreadable.push({ kind: "unreadable", place, records: 0, message });
    }
  }
  const report = check.result();
  const findings = [...report.findings, ...unreadable].toSorted(
    (a, b) =>
      files.indexOf(a.place.file) - files.indexOf(b.place.file) || a.place.line - b.place.line,
  );
  return { ...report, findings, found: report.found + count };
}

/** @returns what is wrong with the line itself; undefined if it could be read. */
function checkLine(check: ChainCheck<Place>, line: string, place: Place): string | undefined {
  if (line.trim() === "") return undefined;
  try {
    for (const record of recordsIn(JSON.parse(line) as Line)) check.add(record, place);
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError
      ? "it is not JSON, or cut off"
      : "it is not a request in OTLP JSON";
  }
}

/** The part of a request that is read. */
interface Request {
  readonly resourceLogs?: readonly {
    readonly scopeLogs?: readonly { readonly logRecords?: readonly OtlpRecord[] }[];
  }[];
}

type Line = Request & { readonly request?: Request };

/** A dead letter has the request in it. What has neither, such as a line of metrics, has no log records. */
function recordsIn(line: Line): readonly OtlpRecord[] {
  const { resourceLogs = [] } = line.request ?? line;
  return resourceLogs.flatMap(({ scopeLogs = [] }) =>
    scopeLogs.flatMap(({ logRecords = [] }) => logRecords),
  );
}
