// A host whose cells are taken over, as a process of its own: prints what it saw as JSON. Arguments: fast or processes, the
// number of scripts, the seed, `survey` to go on after a failure and tell of each kind of it once, or `control` for cells that
// only answer, how many cells play at once at most, and their wall limit in milliseconds: more of both in a long run, since most of
// a script is waiting.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import fc from "fast-check";

import { CellBooks } from "./cell-books.ts";
import { playedByOne } from "./channel-children.ts";
import { watchLoop } from "./loop-monitor.ts";
import { neighbour } from "./neighbour.ts";
import { packageCopy } from "./package-copy.ts";
import type { Script } from "./script.ts";
import { anyScript } from "./script-arbitrary.ts";
import { TakenCells } from "./taken-cells.ts";
import { ran, TOOLS } from "./tools.ts";

/** Longest that the host's loop may stand, milliseconds. */
const MAX_STALL_MS = 50;
/** After so many batches a neighbour spins, and must be ended at its time. */
const LIMIT_EVERY = 40;
/** After so many batches it is seen what the host holds, to be compared at the end. */
const WARM_UP = 10;

const [, , mode = "fast", count = "100", seed = "1", survey = "", atOnce = "12", wallMs = "200"] =
  process.argv;
/** Most scripts that are played at once, each in its own cell. */
const AT_ONCE = Number(atOnce);

const POLICY = {
  version: 1,
  name: "taken",
  rules: [
    { id: "std", effect: "allow", capability: "import", modules: ["*"] },
    { id: "rng", effect: "allow", capability: "random" },
    { id: "data", effect: "allow", capability: "filesystem", paths: ["/srv/data/**"] },
    { id: "api", effect: "allow", capability: "network", hosts: ["a.example.com:443"] },
    { id: "tools", effect: "allow", capability: "tool", tools: ["t.*"] },
    { id: "id", effect: "allow", capability: "subprocess", commands: ["/usr/bin/id"] },
  ],
  limits: { cpu_ms: 5000, wall_ms: Number(wallMs), memory_mib: 64, calls: 1000 },
};

process.on("unhandledRejection", (error) => {
  console.error("unhandled", error);
  process.exit(3);
});

using copy = packageCopy(path.join(import.meta.dirname, "hostile-cell.ts"));
await using _player = mode === "fast" ? await playedByOne(copy.folder) : undefined;
const { Supervisor } = await copy.load();
const books = new CellBooks();
await using healthy = await neighbour();
using loop = watchLoop();
// A run plays from one to all of them at once.
const numRuns = Math.ceil((Number(count) * 2) / (AT_ONCE + 1));
let batches = 0;
let scripts = 0;
let longestMs = 0;
const surveyed: Record<string, { times: number; example: readonly Script[] }> = {};
let heldAtFirst: number | undefined;
const before = await descriptorsOnceQuiet();
const supervisor = new Supervisor({
  policy: POLICY,
  denials: books,
  modules: { large: `export default ${"0;".repeat(100_000)}` },
  lookup: async () => [],
  tools: TOOLS,
  // What stands in the cell's place reads files of the tests.
  kernel: "off",
});
const cells = new TakenCells(supervisor, books);
const began = performance.now();

/** What plays last: a run whose time is up is left while it plays on. */
let underWay: Promise<void> | undefined;
const result = await fc.check(
  fc.asyncProperty(
    fc.array(survey === "control" ? fc.constant({ steps: [], answers: true }) : anyScript, {
      minLength: 1,
      maxLength: AT_ONCE,
      size: "max",
    }),
    async (some) => {
      try {
        underWay = together(some);
        await underWay;
      } catch (error) {
        if (survey === "") throw error;
        const kind = String(error).replaceAll(/\d+/g, "N").slice(0, 300);
        surveyed[kind] ??= { times: 0, example: some };
        surveyed[kind].times += 1;
      }
    },
  ),
  {
    numRuns,
    seed: Number(seed),
    plugins: [fc.interruptAfterTimeLimit(20_000 + Number(count) * 350)],
  },
);

/** Plays scripts in cells of their own, all at once, while a neighbour works. */
async function together(some: readonly Script[]): Promise<void> {
  batches += 1;
  scripts += some.length;
  await cells.prepare(some);
  loop.reset();
  const limits = batches % LIMIT_EVERY === 0 ? healthy.checkLimit() : undefined;
  // All are waited for, whatever one of them finds: the next scripts begin with nothing under way.
  const found = await Promise.allSettled([cells.play(), healthy.check(), limits]);
  for (const what of found) if (what.status === "rejected") throw what.reason;
  await healthy.check();
  assert.equal(ran.denied, 0, "calls of a tool that no rule allows ran");
  longestMs = Math.max(longestMs, loop.longestMs());
  assert.ok(
    loop.longestMs() <= MAX_STALL_MS,
    `the loop stood for ${loop.longestMs().toFixed(0)} ms`,
  );
  if (batches >= WARM_UP) heldAtFirst ??= await held();
}

await underWay?.catch(() => undefined);
await cells.end();
await supervisor.close();
const heldAtLast = await held();
console.log(
  JSON.stringify({
    failed: result.failed,
    error: result.errorInstance instanceof Error ? result.errorInstance.message : null,
    stack: result.errorInstance instanceof Error ? result.errorInstance.stack : null,
    counterexample: result.counterexample,
    shrinks: result.numShrinks,
    surveyed,
    batches,
    scripts,
    cells: cells.spawned,
    outcomes: Object.fromEntries(cells.outcomes),
    longestMs,
    seconds: (performance.now() - began) / 1000,
    growth: heldAtFirst === undefined ? null : heldAtLast - heldAtFirst,
    descriptors: { before, after: await descriptorsAtEnd(before) },
  }),
);

/** Heap and what hangs on it, once the collector has run. */
async function held(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    global.gc?.();
    await sleep(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Waits for the thread that prepares modules: it ends ten seconds after its last one, and holds descriptors of its own until then. */
async function descriptorsAtEnd(most: number): Promise<number> {
  let open = await descriptorsOnceQuiet();
  for (let left = 10; open > most && left > 0; left--) {
    await sleep(1500);
    open = await descriptorsOnceQuiet();
  }
  return open;
}

/** Descriptors that are open, once nothing is being started or ended any more. */
async function descriptorsOnceQuiet(): Promise<number> {
  let open = 0;
  for (let same = 0; same < 5;) {
    await sleep(100);
    const now = readdirSync("/proc/self/fd").length;
    same = now === open ? same + 1 : 0;
    open = now;
  }
  return open;
}
