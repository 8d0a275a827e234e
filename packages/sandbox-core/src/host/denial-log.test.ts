import { denialEvent, type DenialEvent } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { DenialLog } from "./denial-log.ts";

const CAPACITY = 8;

function eventOf(
  seq: number,
  capability: "filesystem" | "random",
  policyRule: string,
): DenialEvent {
  return denialEvent({
    cell: "cell",
    id: `cell-${seq}`,
    seq,
    capability,
    operation: "read",
    policyRule,
    reason: policyRule === "default" ? "no_rule" : "explicit_deny",
    brokerDecision: "deny",
    policyName: "test",
    policyHash: "0".repeat(16),
  });
}

const denials = fc.array(
  fc.tuple(
    fc.constantFrom("filesystem" as const, "random" as const),
    fc.constantFrom("default", "secrets"),
  ),
  { maxLength: 40 },
);

test("the newest events are kept, newest last, and every one is counted", () => {
  fc.assert(
    fc.property(denials, fc.nat({ max: 20 }), (given, allowed) => {
      const tail = new DenialLog(CAPACITY);
      const events = given.map(([capability, rule], index) => eventOf(index + 1, capability, rule));
      for (const event of events) tail.add(event);
      for (let index = 0; index < allowed; index++) tail.allow();
      expect(tail.events()).toEqual(events.slice(-CAPACITY));
      const sum = (totals: Readonly<Record<string, number>>): number =>
        Object.values(totals).reduce((a, b) => a + b, 0);
      const { stats } = tail;
      expect(stats).toMatchObject({ denials: events.length, allowed });
      for (const totals of [stats.byCapability, stats.byReason, stats.byRule])
        expect(sum(totals as Record<string, number>)).toBe(events.length);
    }),
  );
});

test("an event is found by its id while it is kept", () => {
  const tail = new DenialLog(CAPACITY);
  const events = Array.from({ length: CAPACITY + 3 }, (_, index) =>
    eventOf(index + 1, "random", "default"),
  );
  for (const event of events) tail.add(event);
  expect(tail.find("cell-4")).toBe(events[3]);
  expect(tail.find("cell-3")).toBeUndefined();
  expect(tail.find("toString")).toBeUndefined();
});

test("what was given out does not change afterwards", () => {
  const tail = new DenialLog(CAPACITY);
  const before = { events: tail.events(), stats: tail.stats };
  tail.add(eventOf(1, "random", "default"));
  expect(before.events).toEqual([]);
  expect(before.stats.denials).toBe(0);
});
