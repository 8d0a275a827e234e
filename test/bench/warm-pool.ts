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
  const milliseconds = async (supervisor: Supervisor): Promise<[spawn: number, first: number]> => {
    const start = performance.now();
    const cell = await supervisor.spawn("bench");
    const spawned = performance.now() - start;
    await cell.exec("1");
    const first = performance.now() - start;
    await cell.close();
    return [spawned, first];
  };
  const warm: [number, number][] = [];
  const cold: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    await sleep(500);
    warm.push(await milliseconds(pooled));
    cold.push(await milliseconds(unpooled));
  }
  const spawned = median(warm.map(([spawn]) => spawn));
  printMedians(
    "Spawn",
    new Map([
      ["spawn from the pool", spawned],
      ["spawn from the pool, until the first result", median(warm.map(([, first]) => first))],
      ["with a process to start, until the first result", median(cold.map(([, first]) => first))],
    ]),
    "ms",
  );
  return [{ what: "spawn from the pool", value: spawned, unit: "ms", target: 5 }];
}
