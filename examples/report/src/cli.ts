import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { type Options, parseOptions, USAGE } from "./arguments.ts";
import { createLoki } from "./ask/loki.ts";
import { createPrometheus } from "./ask/prometheus.ts";
import { type Answer, find, type Findings } from "./findings/findings.ts";
import { page } from "./page/page.ts";
import { plain } from "./page/visible.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const now = Date.now();
  let options: Options | "help";
  try {
    options = parseOptions(args, now);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  try {
    const findings = await ask(options, now, interrupted.signal);
    const file = resolve(options.out);
    await writeFile(file, page(findings));
    process.stdout.write(`${file}\n`);
    return [findings.metrics, findings.records].some((answer) => problemOf(answer) !== undefined)
      ? 1
      : 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function ask(
  { prometheus, loki, range, filter }: Options,
  now: number,
  signal: AbortSignal,
): Promise<Findings> {
  say(`Asking ${[prometheus, loki].flatMap((url) => url?.origin ?? []).join(" and ")} ...`);
  const sources = {
    prometheus: createPrometheus(prometheus, signal),
    loki: loki === undefined ? undefined : createLoki(loki, signal),
  };
  const findings = await find(sources, { range, filter, now });
  for (const answer of [findings.metrics, findings.records]) {
    const problem = problemOf(answer);
    if (problem !== undefined) say(plain(problem, 1000));
  }
  say("Drawing ...");
  return findings;
}

function problemOf(answer: Answer<unknown>): string | undefined {
  return answer.ok ? undefined : answer.problem;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
