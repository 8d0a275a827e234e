import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { fetchRuntimes } from "../runtimes.ts";
import { median, pairedRatio, sideBySide } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

/** Refused calls before the clock starts, and of one sample. */
const WARM_UP = 5120;
const TIMES = 10_240;

/** The same targets as those of the recorder's row: 16 files, in turn. */
const PROGRAM = `
  const refusedOf = (times) => {
    let refused = 0;
    for (let n = 0; n < times; n++) {
      try {
        Deno.readTextFileSync("/etc/" + (n % 16));
      } catch {
        refused++;
      }
    }
    return refused;
  };
  refusedOf(${WARM_UP});
  const start = performance.now();
  const refused = refusedOf(${TIMES});
  console.log(JSON.stringify({ refused, nanoseconds: ((performance.now() - start) * 1e6) / ${TIMES} }));
`;

/**
 * What Deno's own audit of permissions adds to a call that it refuses: a line of JSON in a file for each. Without figures where npm
 * has no Deno for this machine.
 *
 * @param ours Nanoseconds that the recorder adds.
 */
export async function denoAudit(rounds: number, ours: number): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-deno-"));
  try {
    const fetched = await fetchRuntimes(["deno"], folder).catch((error: unknown) => {
      const [why = ""] = String(error).split("\n", 1);
      process.stderr.write(`  no Deno to compare with: ${why}\n`);
    });
    if (fetched === undefined) return [];
    const { deno } = fetched;
    const program = path.join(folder, "refused.js");
    await writeFile(program, PROGRAM);
    const audit = path.join(folder, "audit.jsonl");
    const names = ["a refused read", "a refused read, audited"] as const;
    const samples = await sideBySide(
      [
        { name: names[0], run: async () => await nanoseconds(deno, program) },
        {
          name: names[1],
          run: async () => {
            await rm(audit, { force: true });
            const taken = await nanoseconds(deno, program, { DENO_AUDIT_PERMISSIONS: audit });
            const lines = (await readFile(audit, "utf8")).split("\n").length - 1;
            if (lines < WARM_UP + TIMES) throw new Error(`Deno's audit has ${lines} lines only`);
            return taken;
          },
        },
      ],
      { rounds, times: 1 },
    );
    const [bare, audited] = names.map((name) => samples.get(name) ?? []) as [number[], number[]];
    const added = median(audited.map((value, round) => value - (bare[round] ?? Number.NaN)));
    printMedians(
      "In Deno, the exception included",
      new Map([
        [names[0], median(bare)],
        [names[1], median(audited)],
        ["what the audit adds, round by round", added],
      ]),
      "ns",
    );
    return [
      {
        what: "a refused read in Deno: audited / not",
        value: pairedRatio(audited, bare),
        unit: "x",
      },
      { what: "recorder.record / what Deno's audit adds", value: ours / added, unit: "x" },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function nanoseconds(
  deno: string,
  program: string,
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const { stdout } = await promisify(execFile)(deno, ["run", "--no-prompt", program], {
    env: { ...process.env, ...env },
  });
  const { refused, nanoseconds } = JSON.parse(stdout) as { refused: number; nanoseconds: number };
  if (refused !== TIMES) throw new Error(`Deno refused ${refused} of ${TIMES}`);
  return nanoseconds;
}
