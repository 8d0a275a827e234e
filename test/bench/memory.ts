import { readFile } from "node:fs/promises";

import { parsePolicy } from "@pyisolate/policy";
import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { BareProcess } from "./bare-process.ts";
import { type Figure, printMedians } from "./report.ts";

const POLICY = parsePolicy({ version: 1, name: "bench", rules: [] });

/** Memory of live cells against as many bare child processes that hold an empty isolate. */
export async function memoryOfCells(count: number): Promise<Figure[]> {
  const bare: BareProcess[] = [];
  const cells: Sandbox[] = [];
  await using supervisor = new Supervisor({ policy: POLICY, pool: 0 });
  try {
    // Both kinds live at once, so that what the kernel shares is shared alike.
    for (let index = 0; index < count; index++) {
      bare.push(await BareProcess.start({ empty: true }));
      const cell = await supervisor.spawn(`tenant-${index}`);
      await cell.exec("1");
      cells.push(cell);
    }
    const [bareMemory, cellMemory] = [await memoryOf(bare), await memoryOf(cells)];
    printMedians(
      `${count} live cells and ${count} bare child processes with an empty isolate, one of each on average`,
      new Map([
        ["bare, proportional (PSS)", bareMemory.pss / count],
        ["cell, proportional (PSS)", cellMemory.pss / count],
        ["bare, own (private)", bareMemory.own / count],
        ["cell, own (private)", cellMemory.own / count],
        ["bare, resident (RSS)", bareMemory.rss / count],
        ["cell, resident (RSS)", cellMemory.rss / count],
      ]),
      "MiB",
    );
    return [
      {
        what: `resident memory of ${count} cells / bare processes`,
        value: cellMemory.rss / bareMemory.rss,
        unit: "x",
        target: 1.1,
      },
      {
        what: `proportional memory of ${count} cells / bare processes`,
        value: cellMemory.pss / bareMemory.pss,
        unit: "x",
        target: 1.1,
      },
    ];
  } finally {
    for (const process of bare) await process[Symbol.asyncDispose]();
  }
}

/** MiB of processes together, as the kernel counts them. */
export async function memoryOf(
  processes: readonly { readonly pid: number }[],
): Promise<{ rss: number; pss: number; own: number }> {
  const sum = { rss: 0, pss: 0, own: 0 };
  for (const { pid } of processes) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
    const mib = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
    sum.rss += mib("Rss");
    sum.pss += mib("Pss");
    sum.own += mib("Private_Clean") + mib("Private_Dirty");
  }
  return sum;
}
