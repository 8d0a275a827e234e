import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";

import {
  type Sandbox,
  type SpawnOptions,
  Supervisor,
  type SupervisorOptions,
} from "@pyisolate/sandbox-core";
import { DenialEvent, type DenialSink, parseDenialEvent } from "@pyisolate/telemetry";

import { openBooks } from "./exact-telemetry.ts";
import { nothingLeft, supervisorMark, watchMemory } from "./leftovers.ts";

export interface ArenaOptions extends Omit<SupervisorOptions, "policy" | "denials"> {
  readonly rules?: readonly object[];
  readonly limits?: Readonly<Record<string, number>>;
  /** The one process warning that the policy itself causes. Without it, there must be none. */
  readonly warned?: RegExp;
}

export interface Arena {
  readonly supervisor: Supervisor;
  /** Every event that the sink was given, of all cells. */
  readonly events: readonly DenialEvent[];
  /** Starts a cell for a hostile guest; another one for each guest that ends its cell. */
  spawn(options?: SpawnOptions): Promise<Sandbox>;
}

/** How long a scenario may take, milliseconds; past this the host counts as hung. */
const DEADLINE_MS = 90_000;
const MIB = 1024 * 1024;
/** What no guest of the default 64 MiB may make a cell or the host hold. */
const MAX_CELL_BYTES = 600 * MIB;
const MAX_HOST_BYTES = 700 * MIB;
/** Longest that a guest may keep the host's event loop from turning. */
const MAX_STALL_MS = 3000;

/**
 * Lets guests loose beside a bystander's cell, on the real recorder and the real SDK, and then looks at what is left: prints
 * `pass` where the host and the bystander are unharmed, each denial was recorded once, and nothing was forged or left behind.
 *
 * @param scenario returns how many denials it must have caused.
 */
export async function arena(
  options: ArenaOptions,
  scenario: (arena: Arena) => Promise<number>,
): Promise<void> {
  const watchdog = setTimeout(() => {
    console.error(`the arena was not done within ${DEADLINE_MS} ms`);
    process.exit(1);
  }, DEADLINE_MS);
  const warnings: string[] = [];
  // Not written to stderr, which must stay empty.
  if (options.warned !== undefined) process.removeAllListeners("warning");
  process.on("warning", (warning) => warnings.push(String(warning)));
  const stall = monitorEventLoopDelay({ resolution: 10 });
  stall.enable();
  const books = openBooks();
  const { recorder } = books;
  const events: DenialEvent[] = [];
  const sink: DenialSink = {
    record: (event) => {
      events.push(event);
      recorder.record(event);
    },
    allowed: (capability) => recorder.allowed(capability),
    closed: (totals) => recorder.closed(totals),
  };
  const { rules = [], limits = {}, warned, ...rest } = options;
  const policy = { version: 1, name: "arena", rules, limits };
  const supervisor = new Supervisor({ pool: 1, ...rest, policy, denials: sink });
  const bystander = await supervisor.spawn("bystander");
  const mark = supervisorMark(bystander.pid);
  assert.equal(await bystander.exec("globalThis.secret = 41; secret + 1"), 42);
  const victims: Sandbox[] = [];
  const peak = watchMemory(() => [bystander, ...victims]);
  let names = 0;
  const spawn = async (spawnOptions: SpawnOptions = {}): Promise<Sandbox> => {
    names += 1;
    const victim = await supervisor.spawn(`victim-${names}`, spawnOptions);
    victims.push(victim);
    return victim;
  };

  const due = await scenario({ supervisor, events, spawn });

  assert.equal(await bystander.exec("secret + 1"), 42, "the bystander's cell lives");
  assert.deepEqual(bystander.denialEvents(), [], "the bystander was denied nothing");
  await supervisor.close();
  peak.stop();
  assert.ok(peak.bytes < MAX_CELL_BYTES, `a cell held ${Math.round(peak.bytes / MIB)} MiB`);
  const hostBytes = process.resourceUsage().maxRSS * 1024;
  assert.ok(hostBytes < MAX_HOST_BYTES, `the host held ${Math.round(hostBytes / MIB)} MiB`);
  assert.ok(stall.max / 1e6 < MAX_STALL_MS, `the host stood for ${stall.max / 1e6} ms`);
  checkEvents(events, victims, supervisor, due);
  await books.check(due);
  await nothingLeft(mark);
  if (warned !== undefined) assert.match(warnings.shift() ?? "no warning", warned);
  assert.deepEqual(warnings, []);
  clearTimeout(watchdog);
  console.log("pass");
}

/** The rule that lets guests import these modules. */
export function importing(...modules: readonly string[]): object {
  return { id: "std", effect: "allow", capability: "import", modules };
}

/** How a call into a cell ended, where the test wants its failure. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  const value = await call.catch((error: unknown) => {
    assert.ok(error instanceof Error, `rejected with ${String(error)}, which is not an error`);
    return error;
  });
  assert.ok(value instanceof Error, `resolved to ${JSON.stringify(value)} where it had to fail`);
  return value;
}

/** Exactly what was due, each event genuine, gapless in its cell, and stable as JSON. */
function checkEvents(
  events: readonly DenialEvent[],
  victims: readonly Sandbox[],
  supervisor: Supervisor,
  due: number,
): void {
  const told = events.slice(-8).map((event) => `${event.cell} ${event.attemptedAction}`);
  assert.equal(events.length, due, `denials recorded; the last: ${told.join(", ")}`);
  assert.equal(supervisor.stats.denials, due, "the supervisor's own total");
  assert.equal(new Set(events.map(({ id }) => id)).size, due, "ids are unique");
  const instances = new Set<string>();
  for (const victim of victims) {
    const own = events.filter(({ cell }) => cell === victim.name);
    assert.equal(victim.stats.denials, own.length, `the total of ${victim.name}`);
    assert.deepEqual(victim.denialEvents(), own.slice(-victim.denialEvents().length || own.length));
    for (const [index, event] of own.entries()) assert.equal(event.seq, index + 1, "gapless");
    const mine = new Set(own.map(({ id }) => id.replace(/-\d+$/, "")));
    assert.ok(mine.size <= 1, "one life of a cell is one instance");
    for (const instance of mine) instances.add(instance);
  }
  const denied = victims.filter((victim) => victim.stats.denials > 0);
  assert.equal(instances.size, denied.length, "no two cells share an instance");
  for (const event of events) {
    assert.ok(event instanceof DenialEvent && Object.isFrozen(event));
    // This checks that its text is clean as well: parseDenialEvent accepts no other.
    assert.deepEqual(parseDenialEvent(JSON.parse(JSON.stringify(event))), event);
  }
}
