import { beforeAll, expect, test } from "vitest";

import { flood, type Flood } from "./flood/flood.ts";

// One cell denied a million times as fast as it can, nine others a hundred times each, meanwhile.
const NOISY = 1_000_000;
const QUIET = 900;
const WARM_UP = 196;

let result: Flood;
beforeAll(async () => {
  result = await flood();
  const { growthMiB, delayP99Millis, seconds, records } = result;
  // Printed, not asserted: a busy machine moves these figures.
  process.stdout.write(
    `flood: ${seconds.toFixed(1)} s, resident +${growthMiB.toFixed(1)} MiB, event loop delay p99 ` +
      `${delayP99Millis.toFixed(1)} ms, ${records.length} records\n`,
  );
}, 120_000);

test("the counters are exact", () => {
  const denied = NOISY + QUIET + WARM_UP;
  expect(result.sums.get("pyisolate.denials")).toBe(denied);
  expect(result.sums.get("pyisolate.denial.events")).toBe(denied);
  expect(result.sums.get("pyisolate.denial.records")).toBe(denied);
});

test("every denial is accounted for: nothing dropped, nothing left over", () => {
  const { denied, emitted, coalesced, dropped, pending } = result.ledger;
  expect(denied).toBe(NOISY + QUIET + WARM_UP);
  expect({ dropped, pending }).toEqual({ dropped: {}, pending: 0 });
  expect(emitted + coalesced).toBe(denied);
});

test("what arrived adds up to what was denied", () => {
  const told = result.records.filter(({ event }) => event === "pyisolate.denial");
  expect(told).toHaveLength(result.ledger.emitted);
  const counts = told.map(({ attributes }) => Number(attributes["pyisolate.denial.count"]));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(result.ledger.denied);
});

test("the nine others' records are all there, each with its own id", () => {
  expect(Object.keys(result.quiet)).toHaveLength(9);
  for (const [cell, { ids, ledger }] of Object.entries(result.quiet)) {
    expect(ledger).toMatchObject({ denied: 100, emitted: 100, coalesced: 0, pending: 0 });
    const arrived = result.records
      .filter(({ attributes }) => attributes["pyisolate.cell"] === cell)
      .map(({ attributes }) => attributes["pyisolate.denial.id"]);
    expect(new Set(arrived)).toEqual(new Set(ids));
    expect(arrived).toHaveLength(100);
  }
});

test("the flood is a few records, and resident memory grows by at most 32 MiB", () => {
  const noisy = result.records.filter(({ attributes }) => attributes["pyisolate.cell"] === "noisy");
  // 500 of its one rule in each second, and one for the rest of them.
  expect(noisy.length).toBeLessThanOrEqual(501 * Math.ceil(result.seconds + 1));
  expect(result.growthMiB).toBeLessThanOrEqual(32);
});
