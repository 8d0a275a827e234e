import { spawn } from "node:child_process";
import { once } from "node:events";

import { Supervisor } from "@pyisolate/sandbox-core";

import { median, pairedRatio, sideBySide } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";
import { Revision } from "./revision.ts";

const POLICY = { version: 1, name: "bench", rules: [] };

/** Fresh cells of one sample, one after the other. */
const TIMES = 4;

/**
 * A fresh cell, one program, and its end until nothing is left: confined, not confined, by another state of the repository, and against
 * the least that a process of Node's takes.
 */
export async function freshCell(rounds: number, revision: string): Promise<Figure[]> {
  await using other = await Revision.build(revision);
  const { Supervisor: Before } = await other.sandbox();
  // A revision that has no kernel layer runs its cells unconfined.
  await using before = new Before({ policy: POLICY, pool: 0, kernel: "off" });
  await using confined = new Supervisor({ policy: POLICY, pool: 0, kernel: "require" });
  await using unconfined = new Supervisor({ policy: POLICY, pool: 0, kernel: "off" });
  const names = ["before", "unconfined", "confined", "node -e 0"] as const;
  const samples = await sideBySide(
    [
      { name: names[0], run: async (times) => await freshCells(before, times) },
      { name: names[1], run: async (times) => await freshCells(unconfined, times) },
      { name: names[2], run: async (times) => await freshCells(confined, times) },
      { name: names[3], run: bareNodes },
    ],
    { rounds, times: TIMES },
  );
  const of = (name: (typeof names)[number]): number[] => samples.get(name) ?? [];
  printMedians(
    "A fresh cell, one program, closed",
    new Map(names.map((name) => [name, median(of(name)) / 1e6])),
    "ms",
  );
  return [
    {
      what: `fresh cells a second: now, confined / ${revision.slice(0, 12)}`,
      value: pairedRatio(of("before"), of("confined")),
      unit: "x",
      target: 2.3,
      atLeast: true,
    },
    {
      what: "fresh cells a second: confined / unconfined",
      value: pairedRatio(of("unconfined"), of("confined")),
      unit: "x",
      target: 0.9,
      atLeast: true,
    },
    {
      what: "time of a fresh confined cell / a bare node -e 0",
      value: pairedRatio(of("confined"), of("node -e 0")),
      unit: "x",
      target: 1.5,
    },
  ];
}

/** Nanoseconds of one cell. */
async function freshCells(supervisor: Supervisor, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < times; turn++) {
    const cell = await supervisor.spawn("bench");
    await cell.exec("1 + 1");
    await cell.close();
  }
  return Number(process.hrtime.bigint() - start) / times;
}

async function bareNodes(times: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < times; turn++)
    await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore", env: {} }), "exit");
  return Number(process.hrtime.bigint() - start) / times;
}
