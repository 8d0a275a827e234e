import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import type { Options } from "./report-options.ts";
import type { LogStore } from "./ask/log-store.ts";
import { findLogStore } from "./ask/find-log-store.ts";
import { createPrometheus } from "./ask/prometheus.ts";
import { SourceError } from "./ask/source-error.ts";
import { type Answer, find } from "./findings/findings.ts";
import { page } from "./page/page.ts";
import { plain } from "../visible-text.ts";

/** The result of writing a report. */
export interface Written {
  /** The file's absolute path. */
  readonly file: string;
  /** Whether every source that was asked has answered. */
  readonly complete: boolean;
}

/**
 * Queries the sources, draws the page and writes it to a file.
 *
 * @param now Unix milliseconds.
 * @param say Called with a line of progress, or with what is wrong.
 * @throws {Error} Of the file system, or when the signal aborts.
 */
export async function writeReport(
  { prometheus, logs, range, filter, out }: Options,
  {
    now,
    signal,
    say,
  }: { readonly now: number; readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<Written> {
  const sources = {
    prometheus: createPrometheus(prometheus, signal),
    logs: await logStore(logs, signal),
  };
  say(`Asking ${[sources.prometheus, sources.logs].flatMap(originOf).join(" and ")} ...`);
  const findings = await find(sources, { range, filter, now });
  const problems = [findings.metrics, findings.records].flatMap(problemOf);
  for (const problem of problems) say(plain(problem, 1000));
  say("Drawing ...");
  const file = resolve(out);
  await writeFile(file, page(findings), { signal });
  return { file, complete: problems.length === 0 };
}

async function logStore(
  places: Options["logs"],
  signal: AbortSignal,
): Promise<LogStore | SourceError | undefined> {
  if (places === undefined) return undefined;
  try {
    return await findLogStore(places, signal);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
}

function originOf(source: { readonly url: URL } | SourceError | undefined): string[] {
  return source === undefined || source instanceof SourceError ? [] : [source.url.origin];
}

function problemOf(answer: Answer<unknown>): string[] {
  return answer.ok || answer.problem === undefined ? [] : [answer.problem];
}
