import { cpus, release } from "node:os";
import { parseArgs } from "node:util";

import { millionDenials } from "./flood.ts";
import { memoryOfCells } from "./memory.ts";
import { recorderAlone } from "./recorder-alone.ts";
import { refusedCall } from "./refused-call.ts";
import { type Figure, printFigures } from "./report.ts";
import { spawnFromPool } from "./spawn.ts";

const USAGE = `Usage: pnpm bench [--quick]

Measures, side by side in one run, what is published: each figure is a ratio of medians whose rounds are interleaved.
A figure that misses its target is said so; the exit code is 0 all the same, since the machine may be at fault.

  --quick  fewer rounds and cells: a look, not a figure to publish
  --help   this text
`;

const { quick, help } = options();
if (help) process.stdout.write(USAGE);
else await run(quick);

async function run(quick: boolean): Promise<void> {
  process.stdout.write(
    `Node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? "?"}\n`,
  );
  const figures: Figure[] = [];
  for (const [name, measure] of [
    ["refused call", async () => await refusedCall(quick ? 5 : 21)],
    ["recorder alone", async () => await recorderAlone(quick ? 5 : 21)],
    ["flood", async () => await millionDenials()],
    ["spawn", async () => await spawnFromPool(quick ? 5 : 21)],
    ["memory", async () => await memoryOfCells(quick ? 5 : 50)],
  ] as const) {
    process.stderr.write(`measuring: ${name} ...\n`);
    figures.push(...(await measure()));
  }
  printFigures(figures);
}

function options(): { quick: boolean; help: boolean } {
  try {
    const flag = { type: "boolean", default: false } as const;
    return parseArgs({ options: { quick: flag, help: flag } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}
