import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { median, pairedRatio } from "./measure.ts";
import { type Figure, printMedians } from "./report.ts";
import { HOLDERS, type Holder } from "./series-holder.ts";

const PROGRAM = fileURLToPath(new URL("series-holder.ts", import.meta.url));

/** What 10,000 series hold, the recorder's own books and the SDK's included, against the SDK's alone: a process of its own for each. */
export async function seriesMemory(rounds: number): Promise<Figure[]> {
  const held = new Map<Holder, number[]>(HOLDERS.map((holder) => [holder, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < HOLDERS.length; turn++) {
      const holder = HOLDERS[(round + turn) % HOLDERS.length] ?? "sdk";
      held.get(holder)?.push(await bytesHeldBy(holder));
    }
  }
  const of = (holder: Holder) => held.get(holder) ?? [];
  printMedians(
    "Memory of 10,000 series, of 5,000 cells and 5,000 rules",
    new Map([
      ["bare SDK", median(of("sdk")) / 2 ** 20],
      ["recorder and SDK", median(of("recorder")) / 2 ** 20],
      ["prom-client", median(of("prom-client")) / 2 ** 20],
    ]),
    "MiB",
  );
  return [
    {
      what: "memory of 10,000 series: recorder and SDK / SDK alone",
      value: pairedRatio(of("recorder"), of("sdk")),
      unit: "x",
      target: 1.5,
    },
  ];
}

async function bytesHeldBy(holder: Holder): Promise<number> {
  const args = ["--expose-gc", PROGRAM, holder];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}
