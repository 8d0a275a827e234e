import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import type { Options } from "./arguments.ts";
import { createLoki } from "./ask/loki.ts";
import { createPrometheus } from "./ask/prometheus.ts";
import { type Answer, find } from "./findings/findings.ts";
import { page } from "./page/page.ts";
import { plain } from "./page/visible.ts";

/** What came of it. */
export interface Written {
  /** Absolute. */
  readonly file: string;
  /** Whether all that were asked have answered. */
  readonly complete: boolean;
}

/**
 * Asks, draws and writes.
 *
 * @param now Unix milliseconds.
 * @param say Takes a line that tells how far it is, or what is wrong.
 * @throws {Error} Of the file system, or because of the signal.
 */
export async function writeReport(
  { prometheus, loki, range, filter, out }: Options,
  {
    now,
    signal,
    say,
  }: { readonly now: number; readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<Written> {
  say(`Asking ${[prometheus, loki].flatMap((url) => url?.origin ?? []).join(" and ")} ...`);
  const sources = {
    prometheus: createPrometheus(prometheus, signal),
    loki: loki === undefined ? undefined : createLoki(loki, signal),
  };
  const findings = await find(sources, { range, filter, now });
  const problems = [findings.metrics, findings.records].flatMap(problemOf);
  for (const problem of problems) say(plain(problem, 1000));
  say("Drawing ...");
  const file = resolve(out);
  await writeFile(file, page(findings), { signal });
  return { file, complete: problems.length === 0 };
}

function problemOf(answer: Answer<unknown>): string[] {
  return answer.ok || answer.problem === undefined ? [] : [answer.problem];
}
