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
    return await compareMemory({
      title: `${count} live cells and ${count} bare child processes with an empty isolate, one of each on average`,
      each: { name: "cell", processes: cells },
      base: { name: "bare", processes: bare },
      what: (kind) => `${kind} memory of ${count} cells / bare processes`,
      target: 1.1,
    });
  } finally {
    for (const process of bare) await process[Symbol.asyncDispose]();
  }
}

/** Processes of one kind, as many as of the other. */
interface Group {
  readonly name: string;
  readonly processes: readonly { readonly pid: number }[];
}

/** Prints what one process of each group takes, and returns the ratios of resident and proportional memory. */
export async function compareMemory({
  title,
  each,
  base,
  what,
  target,
}: {
  readonly title: string;
  readonly each: Group;
  readonly base: Group;
  readonly what: (kind: "resident" | "proportional") => string;
  readonly target: number;
}): Promise<Figure[]> {
  const [measured, against] = [await memoryOf(each.processes), await memoryOf(base.processes)];
  const count = base.processes.length;
  const medians = new Map<string, number>();
  for (const [kind, name] of [
    ["pss", "proportional (PSS)"],
    ["own", "own (private)"],
    ["rss", "resident (RSS)"],
  ] as const) {
    medians.set(`${base.name}, ${name}`, against[kind] / count);
    medians.set(`${each.name}, ${name}`, measured[kind] / count);
  }
  printMedians(title, medians, "MiB");
  return [
    { what: what("proportional"), value: measured.pss / against.pss, unit: "x", target },
    { what: what("resident"), value: measured.rss / against.rss, unit: "x", target },
  ];
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
