import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { apiReport } from "./api-report.ts";
import { entriesOf } from "./entries.ts";

/** A report that is not what the package's declarations say. */
export interface Difference {
  /** The report's file, absolute. */
  readonly file: string;
  /** Lines that the file has and the API has not. */
  readonly gone: readonly string[];
  /** Lines that the API has and the file has not. */
  readonly come: readonly string[];
}

/** Compares the committed reports of a package with its declarations. */
export function differences(root: string): Difference[] {
  const reports = new Map(entriesOf(root).map((entry) => [entry.report, apiReport(entry)]));
  const files = new Set([...reports.keys(), ...committed(root)]);
  return [...files].toSorted().flatMap((file) => {
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    const after = reports.get(file) ?? "";
    if (before === after) return [];
    return [{ file, gone: linesBut(before, after), come: linesBut(after, before) }];
  });
}

/** Writes the reports of a package as its declarations are now. */
export function update(root: string): void {
  for (const file of committed(root)) rmSync(file);
  for (const entry of entriesOf(root)) {
    mkdirSync(path.dirname(entry.report), { recursive: true });
    writeFileSync(entry.report, apiReport(entry));
  }
}

function committed(root: string): string[] {
  const folder = path.join(root, "api");
  return existsSync(folder) ? readdirSync(folder).map((file) => path.join(folder, file)) : [];
}

function linesBut(text: string, other: string): string[] {
  const others = new Set(other.split("\n"));
  return text.split("\n").filter((line) => !others.has(line));
}
