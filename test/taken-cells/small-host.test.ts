import { expect, test } from "vitest";

import { everyKind } from "./every-kind.ts";
import { type Case, observe } from "./observation.ts";
import type { Body, Script } from "./script.ts";

/** Messages of each kind. A run by hand sends 2,000 (PYISOLATE_SMALL_HOST_MESSAGES) of every kind (PYISOLATE_EVERY_KIND=1); the suite those that become largest. */
const MESSAGES = Number(process.env["PYISOLATE_SMALL_HOST_MESSAGES"] ?? 200);
const EVERY_KIND = process.env["PYISOLATE_EVERY_KIND"] === "1";
const LARGEST =
  / x (?:Map|Set|Boolean object|BigInt object|object, (?:empty|1 own|1 integer)|Error, empty|ArrayBuffer, empty|view)|sparse arrays of/;

/** Bytes of one message. */
const BYTES = 8192;
/** Messages of one call: together within what the host takes of a call at the default limit. */
const A_CALL = 100;
/** What the host may hold of one cell at any moment: what waits to be read, and as much again on its way. */
const MAX_PEAK_MIB = 200;
const PATIENCE_MS = EVERY_KIND ? 1_800_000 : 300_000;

const kinds = everyKind(BYTES).filter(({ name }) => EVERY_KIND || LARGEST.test(name));

test.each(["none", "slow", "eager"] as const)(
  "a host of 400 MiB lives through messages of every kind, with a reader: %s",
  async (reader) => {
    const cases = kinds.map<Case>(({ name, body }) => ({
      name,
      reader,
      calls: [framesOf(21, body, A_CALL, true)],
      times: Math.ceil(MESSAGES / A_CALL),
    }));
    await lives(cases);
  },
  PATIENCE_MS,
);

test(
  "a host of 400 MiB lives through results of every kind, 50 calls at a time",
  async () => {
    const cases = kinds.map<Case>(({ name, body }) => ({
      name,
      calls: [framesOf(18, body, 1, false)],
      times: MESSAGES,
      atOnce: 50,
    }));
    await lives(cases);
  },
  PATIENCE_MS,
);

async function lives(cases: readonly Case[]): Promise<void> {
  const { seen, died } = await observe(cases, { oldSpaceMib: 400, patienceMs: PATIENCE_MS });
  expect(died).toBeNull();
  expect(seen).toHaveLength(cases.length);
  for (const { name, peakMiB, longestMs } of seen) {
    expect(peakMiB, `MiB at the highest: ${name}`).toBeLessThan(MAX_PEAK_MIB);
    expect(longestMs, `ms that the loop stood: ${name}`).toBeLessThanOrEqual(50);
  }
}

function framesOf(kind: number, body: Body, times: number, answers: boolean): Script {
  const id = { of: "call", plus: 0 } as const;
  return { steps: [{ do: "frames", channel: "async", kind, id, body, times }], answers };
}
