import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { median, pairedRatio, sideBySide } from "./measure.ts";
import { readingPolicy } from "./reading-policy.ts";
import { type Figure, printMedians } from "./report.ts";
import { Revision } from "./revision.ts";

/** What a guest does over and over, and how often in one round. */
interface Work {
  readonly what: string;
  readonly times: number;
  /** A program that repeats the work this often. */
  readonly repeated?: (times: number) => string;
  /** A program whose result is the work. */
  readonly once?: string;
  readonly target: number;
}

/** The samples of one work: the times of either revision, and the ratio of each pair of cells. */
interface Seen {
  readonly work: Work;
  readonly was: number[];
  readonly is: number[];
  readonly ratios: number[];
}

const MIB = 1024 * 1024;

/**
 * The cost of what crosses between guest and host, in this revision against an older one: one process of each, in turn. Each pair of
 * processes is a new one, since where the kernel places a process moves its time by more than the difference that is measured.
 */
export async function beforeAfter(
  pairs: number,
  rounds: number,
  revision: string,
): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-crossing-"));
  try {
    const file = path.join(folder, "a.txt");
    await writeFile(file, "x");
    const policy = policyFor(folder);
    await using other = await Revision.build(revision);
    const { Supervisor: Before } = await other.sandbox();
    await using beforeHost = new Before({ policy, pool: 0 });
    // The older revision may not know the kernel layer, which has rows of its own.
    await using nowHost = new Supervisor({ policy, pool: 0, kernel: "off" });
    const all = works(file).map((work): Seen => ({ work, was: [], is: [], ratios: [] }));
    for (let pair = 0; pair < pairs; pair++) {
      await using before = await beforeHost.spawn("bench");
      await using now = await nowHost.spawn("bench");
      for (const { work, was, is, ratios } of all) {
        const samples = await sideBySide(
          [
            { name: "before", run: async (times) => await nanoseconds(before, work, times) },
            { name: "now", run: async (times) => await nanoseconds(now, work, times) },
          ],
          { rounds, times: work.times },
        );
        const [earlier, later] = [samples.get("before") ?? [], samples.get("now") ?? []];
        was.push(...earlier);
        is.push(...later);
        ratios.push(pairedRatio(later, earlier));
      }
    }
    const medians = new Map(
      all.flatMap(({ work, was, is }) => [
        [`${work.what}, before`, median(was) / 1000],
        [`${work.what}, now`, median(is) / 1000],
      ]),
    );
    const figures: Figure[] = all.map(({ work, ratios }) => ({
      what: `${work.what}: now / ${revision.slice(0, 12)}, median of ${pairs} pairs of cells`,
      value: median(ratios),
      unit: "x",
      target: work.target,
    }));
    printMedians("Between guest and host", medians, "us");
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function works(file: string): Work[] {
  const loop = (call: string) => (times: number) =>
    `const fs = require("node:fs"); for (let i = 0; i < ${times}; i++) { try { ${call}; } catch {} } 0`;
  const rows = (count: number): string =>
    `Array.from({ length: ${count} }, (_, id) => ({ id, name: "user " + id, tags: ["a", "b"], score: id / 3 }))`;
  return [
    { what: "refused call", times: 2000, repeated: loop(`require("node:net")`), target: 1.05 },
    {
      what: "allowed read of 1 byte",
      times: 1000,
      repeated: loop(`fs.readFileSync(${JSON.stringify(file)})`),
      target: 1.05,
    },
    { what: "result of 1 KB, rows", times: 300, once: rows(18), target: 1.05 },
    { what: "result of 1 MB, text", times: 20, once: `"x".repeat(${MIB - 100})`, target: 1.05 },
    { what: "result of 1 MB, rows", times: 6, once: rows(16_000), target: 1.05 },
  ];
}

/** Nanoseconds of one run, by the host's clock. */
async function nanoseconds(
  cell: Sandbox,
  { repeated, once }: Work,
  times: number,
): Promise<number> {
  const start = process.hrtime.bigint();
  if (repeated !== undefined) await cell.exec(repeated(times));
  else for (let turn = 0; turn < times; turn++) await cell.exec(once ?? "0");
  return Number(process.hrtime.bigint() - start) / times;
}

function policyFor(folder: string): object {
  return readingPolicy(`${folder}/**`, { output_bytes: 16 * MIB, memory_mib: 256 });
}
