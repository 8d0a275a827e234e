import { setTimeout as sleep } from "node:timers/promises";

import { parsePolicy } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";

import { median } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";

const POLICY = parsePolicy({ version: 1, name: "bench", rules: [] });

/** A spawn from a pool that had time to fill, and one that has to start its process, in turn. */
export async function spawnFromPool(rounds: number): Promise<Figure[]> {
  await using pooled = new Supervisor({ policy: POLICY, pool: 2 });
  await using unpooled = new Supervisor({ policy: POLICY, pool: 0 });
  const milliseconds = async (supervisor: Supervisor): Promise<number> => {
    const start = performance.now();
    const cell = await supervisor.spawn("bench");
    await cell.exec("1");
    const took = performance.now() - start;
    await cell.close();
    return took;
  };
  const warm: number[] = [];
  const cold: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await sleep(500);
    warm.push(await milliseconds(pooled));
    cold.push(await milliseconds(unpooled));
  }
  const medians = new Map([
    ["from the pool, until the first result", median(warm)],
    ["with a process to start", median(cold)],
  ]);
  printMedians("Spawn", medians, "ms");
  return [
    {
      what: "spawn from the pool, until the first result",
      value: median(warm),
      unit: "ms",
      target: 5,
    },
  ];
}
