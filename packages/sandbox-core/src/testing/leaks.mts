// Spawns and closes confined cells one after the other, and says what is left of them: processes, descriptors, memory. By hand, for 1,000:
//
//   node packages/sandbox-core/src/testing/leaks.mts 1000
import { readdirSync } from "node:fs";
import { memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { Supervisor } from "@pyisolate/sandbox-core";

import { isRunning } from "./processes.ts";

/** What stands at one moment, memory after a collection. */
interface Sample {
  readonly cells: number;
  readonly descriptors: number;
  readonly heapKib: number;
  readonly residentKib: number;
}

const rounds = Number(process.argv[2] ?? 1000);
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function sample(cells: number): Sample {
  collect();
  collect();
  const { heapUsed, external, rss } = memoryUsage();
  return {
    cells,
    descriptors: readdirSync("/proc/self/fd").length,
    heapKib: (heapUsed + external) / 1024,
    residentKib: rss / 1024,
  };
}

/** What is added by one more cell, by the straight line that fits best. */
function slope(samples: readonly Sample[], of: "heapKib" | "residentKib"): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(samples.map(({ cells }) => cells)), mean(samples.map((one) => one[of]))];
  const over = samples.reduce((sum, one) => sum + (one.cells - x) * (one[of] - y), 0);
  return over / samples.reduce((sum, { cells }) => sum + (cells - x) ** 2, 0);
}

const supervisor = new Supervisor({
  policy: { version: 1, name: "leaks", rules: [] },
  pool: 2,
  kernel: "require",
});
const pids: number[] = [];
const samples: Sample[] = [];
// What a host makes once, caches and compiled code among it, has come to be after a fifth of them.
const warm = Math.ceil(rounds / 5);
const every = Math.max(Math.floor((rounds - warm) / 12), 1);
for (let round = 1; round <= rounds; round++) {
  const cell = await supervisor.spawn("round");
  pids.push(cell.pid);
  // One in three is used, and refused something; one in ten is closed in the middle of a call.
  if (round % 3 === 0)
    await cell.exec(`require("fs").readFileSync("/etc/passwd")`).catch(() => undefined);
  const open = round % 10 === 0 ? cell.exec("for (;;);").catch(() => undefined) : undefined;
  await cell.close();
  await open;
  if (round >= warm && (round - warm) % every === 0) samples.push(sample(round));
}
await supervisor.close();
const report = {
  cells: rounds,
  running: pids.filter(isRunning).length,
  descriptors: samples.map(({ descriptors }) => descriptors),
  heapKibACell: slope(samples, "heapKib"),
  residentKibACell: slope(samples, "residentKib"),
  residentMib: samples.map(({ residentKib }) => Math.round(residentKib / 1024)),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
