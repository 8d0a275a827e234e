// A host process that watches what cells do to it: cases come on standard input, observations go out, a line each.
import path from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { type Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import { watchLoop } from "./loop-monitor.ts";
import type { Case, Observation } from "./observation.ts";
import { packageCopy } from "./package-copy.ts";
import { asSource } from "./script.ts";

const MIB = 1024 * 1024;
const SLOW_MS = 10;
/** How long a host is watched on after its cell's end, milliseconds: what the cell had written is taken or dropped by then. */
const AFTER_END_MS = 500;

const RULES = [
  { id: "std", effect: "allow", capability: "import", modules: ["*"] },
  { id: "rng", effect: "allow", capability: "random" },
];

const cases = (await json(process.stdin)) as readonly Case[];
using copy = packageCopy(path.join(import.meta.dirname, "hostile-cell.ts"));
const { Supervisor: SupervisorOfTaken } = await copy.load();
for (const what of cases) console.log(JSON.stringify(await watched(what)));

async function watched(what: Case): Promise<Observation> {
  const isTaken = what.calls.some((call) => typeof call !== "string");
  await using supervisor = new (isTaken ? SupervisorOfTaken : Supervisor)({
    // What stands in the cell's place reads files of the tests.
    kernel: "off",
    policy: { version: 1, name: "observed", rules: RULES, limits: what.limits ?? {} },
    modules: { large: `export default ${"0;".repeat(100_000)}` },
    pool: 0,
  });
  let lines = 0;
  const cell = await supervisor.spawn("observed", { onConsole: () => void (lines += 1) });
  await collected();
  const before = held();
  using loop = watchLoop();
  const highest = { bytes: before };
  const look = setInterval(() => {
    highest.bytes = Math.max(highest.bytes, held());
  }, 5);
  const began = performance.now();
  const reading = { messages: 0 };
  if (what.reader === "eager" || what.reader === "slow")
    void read(cell, what.reader === "slow" ? SLOW_MS : 0, reading);
  const said = new Set<string>();
  const outcomes = await made(cell, what, said);
  const callsMs = performance.now() - began;
  // What was still under way: a loop that stood is told only after it.
  await watchedOn(cell, what.lingerMs ?? 20);
  const longestMs = loop.longestMs();
  clearInterval(look);
  await collected();
  const heldMiB = (held() - before) / MIB;
  const { byRule: denials } = cell.stats;
  const { closed } = cell;
  await cell.close();
  return {
    name: what.name,
    outcomes,
    longestMs,
    heldMiB,
    peakMiB: (highest.bytes - before) / MIB,
    said: [...said],
    callsMs,
    lines,
    read: reading.messages,
    denials,
    closed,
    seconds: (performance.now() - began) / 1000,
  };
}

/** Waits for so long, or for less where the cell ends before: after its end nothing more comes from it. */
async function watchedOn(cell: Sandbox, ms: number): Promise<void> {
  const end = performance.now() + ms;
  const left = (): number => Math.max(0, end - performance.now());
  while (!cell.closed && left() > 0) await sleep(Math.min(20, left()));
  await sleep(Math.min(AFTER_END_MS, left()));
}

/** Makes the calls; a cell that has ended gets no more. */
async function made(
  cell: Sandbox,
  { calls, times = 1, atOnce = 1 }: Case,
  said: Set<string>,
): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < calls.length * times && !cell.closed) {
      const call = calls[next++ % calls.length] ?? "";
      const outcome = await endOf(cell, typeof call === "string" ? call : asSource(call), said);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return outcomes;
}

async function endOf(cell: Sandbox, source: string, said: Set<string>): Promise<string> {
  try {
    await cell.exec(source);
    return "value";
  } catch (error) {
    if (!(error instanceof Error)) return typeof error;
    if (said.size < 10) said.add(error.message);
    const event = (error as { denialEvent?: { policyRule: string } }).denialEvent;
    return event === undefined ? error.name : `${error.name} ${event.policyRule}`;
  }
}

async function read(cell: Sandbox, pauseMs: number, reading: { messages: number }): Promise<void> {
  const messages = cell.messages();
  while (!cell.closed) {
    try {
      if ((await messages.next()).done === true) return;
      reading.messages += 1;
    } catch {
      // A message that cannot be read; the next one can.
    }
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

async function collected(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    global.gc?.();
    await sleep(10);
  }
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
