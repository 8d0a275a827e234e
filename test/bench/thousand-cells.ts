// A thousand live cells: all answer, all end, nothing is left. Not a row of the bench, since it takes minutes and most of a machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { parseArgs } from "node:util";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { memoryOf } from "./memory.ts";

const USAGE = `Usage: node test/bench/thousand-cells.ts [--cells N] [--kernel require|prefer|off] [--within SECONDS]

Starts N cells (1000) that live at the same time, lets each run a program, calls each again when all are there, weighs them, and ends
them. Exit code 1 where one does not answer, a process or a descriptor is left, or the time (900 s) is over. Ctrl-C ends all cells.
`;

/** Cells that start at the same time: twice the cores of the machine that this was made for. */
const AT_ONCE = 4;

const options = parsed();
const deadline = AbortSignal.timeout(options.within * 1000);
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
}
const ending = AbortSignal.any([deadline, stopped.signal]);
process.exitCode = await main();

async function main(): Promise<number> {
  const began = performance.now();
  const seconds = (since: number): number => (performance.now() - since) / 1000;
  // Node keeps a descriptor of its own from its first child on, where its standard input is /dev/null.
  await once(
    spawn(process.execPath, ["-e", "0"], { stdio: ["ignore", "ignore", "pipe"] }),
    "close",
  );
  const before = { open: await open(), free: await available() };
  const figures = new Map<string, number>();
  const faults: string[] = [];
  const pids: number[] = [];
  {
    await using supervisor = new Supervisor({
      policy: { version: 1, name: "thousand", rules: [], limits: { wall_ms: 60_000 } },
      pool: 0,
      kernel: options.kernel,
    });
    try {
      const cells = await start(supervisor);
      figures.set("seconds to start all and run a program in each", seconds(began));
      pids.push(...cells.map(({ pid }) => pid));
      const asked = performance.now();
      const answers = await all(cells, async (cell) => await cell.exec("globalThis.kept += 1"));
      figures.set("seconds until all have answered once more", seconds(asked));
      const wrong = answers.filter((answer, index) => answer !== index + 1).length;
      if (wrong > 0) faults.push(`${wrong} cells gave another answer than theirs`);
      progress("weighing");
      const memory = await memoryOf(cells);
      figures.set("MiB of a cell, proportional (PSS)", memory.pss / cells.length);
      figures.set("MiB of a cell, own (private)", memory.own / cells.length);
      figures.set("MiB of a cell, resident (RSS)", memory.rss / cells.length);
      figures.set(
        "MiB that the machine has less, a cell",
        (before.free - (await available())) / cells.length,
      );
      figures.set("MiB of the host, resident", process.memoryUsage.rss() / 2 ** 20);
      figures.set(
        "descriptors of the host, a cell",
        ((await open()).length - before.open.length) / cells.length,
      );
    } catch (error) {
      faults.push(String(error));
    }
    progress("ending all");
    const closed = performance.now();
    await supervisor.close();
    figures.set("seconds until all have ended", seconds(closed));
  }
  const left = await running(pids);
  if (left.length > 0)
    faults.push(`${left.length} processes are left: ${left.slice(0, 10).join(" ")}`);
  const extra = (await open()).filter((one) => !before.open.includes(one));
  if (extra.length > 0) faults.push(`descriptors are left: ${extra.slice(0, 10).join(", ")}`);
  process.stdout.write(`\n${options.cells} live cells, kernel: ${options.kernel}\n`);
  for (const [what, figure] of figures)
    process.stdout.write(`  ${what.padEnd(52)} ${figure.toFixed(2).padStart(8)}\n`);
  for (const fault of faults) process.stdout.write(`  FAILED: ${fault}\n`);
  if (faults.length === 0)
    process.stdout.write("  All answered, all ended, no process and no descriptor is left.\n");
  return faults.length === 0 ? 0 : 1;
}

async function start(supervisor: Supervisor): Promise<Sandbox[]> {
  const cells: Sandbox[] = [];
  let begun = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < options.cells) {
        ending.throwIfAborted();
        const index = begun++;
        const cell = await supervisor.spawn(`tenant-${index}`);
        await cell.exec(`globalThis.kept = ${index}`);
        cells[index] = cell;
        if ((index + 1) % 100 === 0) progress(`${index + 1} cells are there`);
      }
    }),
  );
  return cells;
}

/** Maps over the items, {@link AT_ONCE} at a time; results are in order. */
async function all<Given, Result>(
  given: readonly Given[],
  act: (one: Given) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let begun = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (begun < given.length) {
        ending.throwIfAborted();
        const index = begun++;
        results[index] = await act(given[index] as Given);
      }
    }),
  );
  return results;
}

function progress(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}

/** What the host's descriptors refer to. The descriptor that lists them is closed before it is read, and is left out. */
async function open(): Promise<string[]> {
  const names = await readdir("/proc/self/fd");
  const targets = await Promise.all(
    names.map(async (name) => {
      const target = await readlink(`/proc/self/fd/${name}`).catch(() => null);
      return target === null ? [] : [`${name} -> ${target}`];
    }),
  );
  return targets.flat();
}

async function running(pids: readonly number[]): Promise<number[]> {
  const states = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/stat`, "latin1").catch(() => null)),
  );
  return pids.filter((_, index) => states[index] !== null);
}

/** MiB of memory that the machine has available. */
async function available(): Promise<number> {
  const text = await readFile("/proc/meminfo", "latin1");
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1]) / 1024;
}

function parsed() {
  try {
    const { values } = parseArgs({
      options: {
        cells: { type: "string", default: "1000" },
        kernel: { type: "string", default: "require" },
        within: { type: "string", default: "900" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const { kernel } = values;
    if (kernel !== "require" && kernel !== "prefer" && kernel !== "off")
      throw new Error(`--kernel is require, prefer or off, not ${kernel}`);
    return {
      kernel,
      cells: count("cells", values.cells),
      within: count("within", values.within),
    } as const;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 100_000)
    throw new Error(`--${option} is a whole number from 1 on, not ${text}`);
  return number;
}
