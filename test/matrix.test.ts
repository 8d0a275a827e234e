import { Supervisor } from "@pyisolate/sandbox-core";
import type { DenialEvent } from "@pyisolate/telemetry";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Case, casesOf, type Files, specimenFiles, SURFACE } from "./matrix/cases.ts";
import { Decided } from "./matrix/decided.ts";
import { TELEMETRIES, type TelemetryUnderTest } from "./matrix/telemetry.ts";
import { World } from "./matrix/world.ts";

const CELL = "tenant-a";
const TOKEN = "s3cret";

let world: World;
let files: Files;
let cases: Case[];

beforeAll(async () => {
  world = await World.create();
  files = await specimenFiles();
  cases = casesOf(files, world);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

test("every guard has a specimen, and every specimen a guard", () => {
  for (const [capability, file] of files) {
    for (const operation of Object.keys(file.specimens(world))) {
      expect(SURFACE.get(operation)?.capability, operation).toBe(capability);
    }
  }
  const covered = new Set(cases.map(({ operation }) => operation));
  expect([...SURFACE.keys()].filter((operation) => !covered.has(operation))).toEqual([]);
});

test("a guard without a specimen fails", () => {
  const without = new Map([...files].filter(([capability]) => capability !== "network"));
  expect(() => casesOf(without, world)).toThrow(
    "fetch has no specimen in test/specimens/network.ts",
  );
});

test("where an operation cannot end so, its specimen says why, in a sentence", () => {
  const impossible = cases.filter(({ program }) => program === undefined);
  for (const { operation, outcome, impossible: why } of impossible) {
    expect(why, `${operation}, ${outcome}`).toMatch(/^[A-Z].{20,}\.$/);
  }
  // Every operation can be allowed and denied; one that cannot would not be guarded.
  expect(impossible.filter(({ outcome }) => outcome === "allow" || outcome === "deny")).toEqual([]);
});

describe.each(Object.entries(TELEMETRIES))("on %s", (_name, telemetry) => {
  test("every guard, in every mode, ends in every way it can, and all tell the same of it", async () => {
    // What is denied comes last: its rule goes away, the live cell gives it up in its kernel layer too, and cannot be given it back.
    const steps = cases
      .filter(isPossible)
      .toSorted((a, b) => Number(a.outcome === "deny") - Number(b.outcome === "deny"));
    await run(steps, telemetry(), "prefer");
  }, 120_000);

  test("in any order, on one live cell, the totals agree", async () => {
    const possible = fc.constantFrom(...cases.filter(isPossible));
    const sequence = fc.array(possible, { minLength: 1, maxLength: 60, size: "max" });
    await fc.assert(
      fc.asyncProperty(sequence, async (steps) => {
        // A confined cell would not be given back what a step has taken away.
        await run(steps, telemetry(), "off");
      }),
      { numRuns: 5 },
    );
  }, 180_000);
});

type PossibleCase = Case & { readonly program: string };

function isPossible(step: Case): step is PossibleCase {
  return step.program !== undefined;
}

/** What a guest sees of one operation. */
interface Seen {
  readonly ok: boolean;
  readonly name?: string;
  readonly capability?: string;
  readonly reason?: string;
  readonly denialId?: string;
}

/** Runs the steps on one cell, each under the policy that its outcome needs, and compares what guest, host, sink and telemetry tell. */
async function run(
  steps: readonly PossibleCase[],
  telemetry: TelemetryUnderTest,
  kernel: "prefer" | "off",
): Promise<void> {
  await using given = telemetry;
  const policy = policyWithout(undefined);
  await using supervisor = new Supervisor({
    policy,
    denials: given.recorder,
    token: TOKEN,
    modules: world.modules,
    tools: world.tools,
    pool: 0,
    kernel,
  });
  await using cell = await supervisor.spawn(CELL);
  const others: [string, number][] = [];
  for (const [capability, { setup, setupRequests = 0 }] of files) {
    if (setup !== undefined) await cell.exec(`${setup(world)}; 0`);
    if (setupRequests > 0) others.push([capability, setupRequests]);
  }
  const imports = others.reduce((left, [, requests]) => left - requests, cell.stats.allowed);
  const decided = new Decided(CELL, imports);
  for (const [capability, requests] of others) decided.allow(capability, requests);

  for (const step of steps) {
    const without = step.outcome === "deny" ? step.capability : undefined;
    await supervisor.reloadPolicy(policyWithout(without), TOKEN);
    step.prepare();
    const before = cell.stats;
    const seen = (await cell.exec(observed(step.program))) as Seen;
    const denials = cell.stats.denials - before.denials;
    const allowed = cell.stats.allowed - before.allowed;
    const event = denials === 1 ? cell.denialEvents().at(-1) : undefined;
    const isRefused = step.outcome === "deny" || step.outcome === "malformed";
    expect({ denials, allowed }, nameOf(step)).toEqual(
      isRefused ? { denials: 1, allowed: 0 } : { denials: 0, allowed: step.requests },
    );
    if (event === undefined) {
      mustBeGranted(step, seen);
      decided.allow(step.capability, step.requests);
    } else {
      const { hash } = supervisor.policy;
      mustBeRefused(step, seen, event, { seq: before.denials + 1, policyHash: hash });
      decided.deny(event);
    }
  }

  expect(supervisor.denialEvents()).toEqual(decided.events);
  const told = await given.told();
  const { records, counters } = decided.expected();
  // Telemetry that cannot deliver is not compared; all other is compared exactly.
  expect({ counters, records, ...told }).toEqual({ counters, records });
  const { denied, emitted, coalesced, dropped, pending } = given.recorder.ledger(CELL);
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect({ denied, told: emitted + coalesced + lost + pending }).toEqual({
    denied: decided.events.length,
    told: decided.events.length,
  });
}

function mustBeGranted(step: PossibleCase, seen: Seen): void {
  expect(seen.ok, `${nameOf(step)}: ${JSON.stringify(seen)}`).toBe(step.outcome === "allow");
  // Its own failure looks like no refusal.
  expect(seen, nameOf(step)).not.toHaveProperty("denialId");
  expect(seen.name, nameOf(step)).not.toBe("PolicyError");
}

function mustBeRefused(
  step: PossibleCase,
  seen: Seen,
  event: DenialEvent,
  due: { readonly seq: number; readonly policyHash: string },
): void {
  const isMalformed = step.outcome === "malformed";
  expect(event, nameOf(step)).toMatchObject({
    cell: CELL,
    capability: step.capability,
    operation: SURFACE.get(step.operation)?.operation,
    reason: isMalformed ? "malformed" : "no_rule",
    policyRule: "default",
    brokerDecision: isMalformed ? "not_evaluated" : "deny",
    enforced: true,
    ...due,
  });
  const { capability, reason, id } = event;
  const refusal = { ok: false, name: "PolicyError", capability, reason, denialId: id };
  expect(seen, nameOf(step)).toEqual(refusal);
}

function nameOf({ operation, mode, outcome }: Case): string {
  return `${operation} (${mode}), ${outcome}`;
}

/** Everything that the specimens need, but for one capability. */
function policyWithout(capability: string | undefined): object {
  const granted = [...files].filter(([name]) => name !== capability);
  return { version: 1, name: "matrix", rules: granted.map(([, file]) => file.rule(world)) };
}

/** The program with its ending as a value: what a guest that catches everything sees. */
function observed(program: string): string {
  return `(async () => {
    try { await ${program}; return { ok: true }; }
    catch (error) {
      const { name, capability, reason, denialId } = error;
      return denialId === undefined ? { ok: false, name } : { ok: false, name, capability, reason, denialId };
    }
  })()`;
}
