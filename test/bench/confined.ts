import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { median, pairedRatio, sideBySide } from "./measure.ts";
import { compareMemory } from "./memory.ts";
import { readingPolicy } from "./reading-policy.ts";
import { type Figure, printMedians } from "./report.ts";

/** What one operation of a cell costs where Linux confines it, against one where it does not; and the memory of the cell. */
export async function confined(rounds: number, count: number): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "pyisolate-confined-"));
  try {
    const file = path.join(folder, "a.txt");
    await writeFile(file, "x");
    return [...(await operations(rounds, file)), ...(await weight(count))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function operations(rounds: number, file: string): Promise<Figure[]> {
  const policy = readingPolicy(file);
  await using off = new Supervisor({ policy, pool: 0, kernel: "off" });
  await using on = new Supervisor({ policy, pool: 0, kernel: "require" });
  await using without = await off.spawn("bench");
  await using within = await on.spawn("bench");
  const figures: Figure[] = [];
  const medians = new Map<string, number>();
  for (const [what, call] of [
    ["a brokered read of 1 byte", `fs.readFileSync(${JSON.stringify(file)})`],
    ["a refused call", `require("node:net")`],
    ["a refused readFileSync", `fs.readFileSync("/etc/passwd")`],
  ] as const) {
    const samples = await sideBySide(
      [
        { name: "unconfined", run: async (times) => await repeated(without, call, times) },
        { name: "confined", run: async (times) => await repeated(within, call, times) },
      ],
      { rounds, times: 1000 },
    );
    const [free, held] = [samples.get("unconfined") ?? [], samples.get("confined") ?? []];
    medians.set(`${what}, unconfined`, median(free) / 1000);
    medians.set(`${what}, confined`, median(held) / 1000);
    figures.push({
      what: `${what}: confined / unconfined`,
      value: pairedRatio(held, free),
      unit: "x",
      target: 1.1,
    });
  }
  printMedians("One operation", medians, "us");
  return figures;
}

/** Nanoseconds of one run, by the host's clock. */
async function repeated(cell: Sandbox, call: string, times: number): Promise<number> {
  const start = process.hrtime.bigint();
  await cell.exec(
    `const fs = require("node:fs"); for (let i = 0; i < ${times}; i++) { try { ${call}; } catch {} } 0`,
  );
  return Number(process.hrtime.bigint() - start) / times;
}

async function weight(count: number): Promise<Figure[]> {
  const policy = { version: 1, name: "bench", rules: [] };
  await using off = new Supervisor({ policy, pool: 0, kernel: "off" });
  await using on = new Supervisor({ policy, pool: 0, kernel: "require" });
  const [free, held]: [Sandbox[], Sandbox[]] = [[], []];
  // Both kinds live at once, so that what the kernel shares is shared alike.
  for (let index = 0; index < count; index++) {
    for (const [supervisor, cells] of [
      [off, free],
      [on, held],
    ] as const) {
      const cell = await supervisor.spawn(`tenant-${index}`);
      await cell.exec("1");
      cells.push(cell);
    }
  }
  return await compareMemory({
    title: `${count} confined and ${count} unconfined live cells, one of each on average`,
    each: { name: "confined", processes: held },
    base: { name: "unconfined", processes: free },
    what: (kind) => `${kind} memory of ${count} cells: confined / unconfined`,
    target: 1.05,
  });
}
