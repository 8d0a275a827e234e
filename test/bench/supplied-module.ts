import { Supervisor } from "@pyisolate/sandbox-core";

import { bundled } from "../corpus/packages/supplied-packages.ts";
import { median, pairedRatio, sideBySide } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";
import { Revision } from "./revision.ts";

const POLICY = {
  version: 1,
  name: "bench",
  rules: [
    { id: "modules", effect: "allow", capability: "import", modules: ["*"] },
    { id: "random", effect: "allow", capability: "random" },
  ],
  limits: { cpu_ms: 60_000, wall_ms: 60_000, memory_mib: 256 },
};

/** A package of 1.6 million characters, and one of some ten thousand. */
const LARGE = "mathjs";
const SMALL = "immer";

/**
 * A fresh cell that imports a supplied module, and its end: ES modules in this state against another, and the large one against the
 * same package as CommonJS.
 */
export async function suppliedModule(rounds: number, revision: string): Promise<Figure[]> {
  const modules = {
    [LARGE]: await bundled(LARGE, true),
    [SMALL]: await bundled(SMALL, true),
    "large.cjs": await bundled(LARGE, false),
  };
  await using other = await Revision.build(revision);
  const { Supervisor: Before } = await other.sandbox();
  await using before = new Before({ policy: POLICY, modules, pool: 0, kernel: "off" });
  await using now = new Supervisor({ policy: POLICY, modules, pool: 0, kernel: "off" });
  const cases = [
    ["large, before", before, LARGE],
    ["large, now", now, LARGE],
    ["large as CommonJS, now", now, "large.cjs"],
    ["small, before", before, SMALL],
    ["small, now", now, SMALL],
  ] as const;
  const samples = await sideBySide(
    cases.map(([name, supervisor, module]) => ({
      name,
      run: async (times) => await freshCells(supervisor, module, times),
    })),
    { rounds, times: 1 },
  );
  const of = (name: (typeof cases)[number][0]): number[] => samples.get(name) ?? [];
  printMedians(
    "A fresh cell that imports a supplied module, closed",
    new Map(cases.map(([name]) => [name, median(of(name)) / 1e6])),
    "ms",
  );
  const than = revision.slice(0, 12);
  return [
    {
      what: `a fresh cell with ${LARGE}, an ES module: now / ${than}`,
      value: pairedRatio(of("large, now"), of("large, before")),
      unit: "x",
      target: 0.5,
    },
    {
      what: `a fresh cell with ${SMALL}, an ES module: now / ${than}`,
      value: pairedRatio(of("small, now"), of("small, before")),
      unit: "x",
      target: 1.05,
    },
    {
      what: `a fresh cell with ${LARGE}: ES module / CommonJS`,
      value: pairedRatio(of("large, now"), of("large as CommonJS, now")),
      unit: "x",
      target: 1.2,
    },
  ];
}

/** Nanoseconds of one cell. */
async function freshCells(supervisor: Supervisor, module: string, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let turn = 0; turn < times; turn++) {
    const cell = await supervisor.spawn("bench");
    await cell.exec(`await import(${JSON.stringify(module)}); 0`);
    await cell.close();
  }
  return Number(process.hrtime.bigint() - start) / times;
}
