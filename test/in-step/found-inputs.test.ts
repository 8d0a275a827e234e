import { expect, test } from "vitest";

import { CUT_OFF } from "./cut-off-inputs.ts";
import type { FoundInput } from "./found-input.ts";
import { Ground } from "./ground.ts";
import { HALF_READ } from "./half-read-inputs.ts";
import { faults } from "./judge.ts";
import { Lane } from "./life.ts";
import { setting } from "./runs.ts";

/** Fresh cells for each input. By hand: `PYISOLATE_FUZZ_RUNS=200 npx -y pnpm@12 test in-step/found`. */
const RUNS = setting("PYISOLATE_FUZZ_RUNS", 1);

/** Longest that a guest of these may take before it is taken to hang. */
const limits = { cpu_ms: 8000, wall_ms: 10_000 };

async function live(_name: string, { programs, limits: own }: FoundInput): Promise<void> {
  await using ground = await Ground.make();
  await using usual = new Lane(ground, limits);
  const found = new Map<string, number>();
  let failed = 0;
  for (let k = 0; k < RUNS; k++) {
    await using special =
      own === undefined ? undefined : new Lane(ground, { ...limits, ...own(k) });
    const lane = special ?? usual;
    const wrong = faults(ground, await lane.live(programs(k)));
    if (wrong.length > 0) failed += 1;
    for (const fault of wrong) found.set(fault, (found.get(fault) ?? 0) + 1);
  }
  const told = [...found].slice(0, 20).map(([fault, times]) => `${times} x ${fault}`);
  expect(told, `${failed} of ${RUNS} cells failed`).toEqual([]);
}

const named = (inputs: readonly FoundInput[]): [string, FoundInput][] =>
  inputs.map((input) => [input.name, input]);

test.concurrent.each(named(CUT_OFF))(
  "nothing refused is performed after: %s",
  live,
  RUNS * 25_000 + 60_000,
);

test.concurrent.each(named(HALF_READ))(
  "no verdict is taken for another's after: %s",
  live,
  RUNS * 25_000 + 60_000,
);
