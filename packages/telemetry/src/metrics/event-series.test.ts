import { CAPABILITIES, DENIAL_REASONS, VERDICTS, DenialEvent } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { EventSeriesTable } from "./event-series.ts";
import { CounterBuffer } from "./counter-buffer.ts";

test("a combination is one series, as long as the table lives", () => {
  const table = new EventSeriesTable(100);
  const series = table.find(aDenial());
  expect(table.find(aDenial({ cell: "tenant-b", target: "/etc/passwd" }))).toBe(series);
  expect(table.find(aDenial({ policyRule: "a", reason: "explicit_deny" }))).not.toBe(series);
  expect(table.find(aDenial())).toBe(series);
  expect(table.size).toBe(2);
});

test("in any order of events each combination is counted in its own series, also of rules whose ids begin and end alike", () => {
  const event = fc.record({
    policyRule: fc.constantFrom("a-data-r", "a-mail-r", "a-keys-r", "b", "c"),
    reason: fc.constantFrom("explicit_deny", "no_rule"),
    enforced: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (inputs) => {
      const table = new EventSeriesTable(1000);
      for (const input of inputs) {
        expect(table.find(new DenialEvent({ ...aDenial(), ...input })).attributes).toMatchObject({
          "pyisolate.policy_rule": input.policyRule,
          "pyisolate.reason": input.reason,
          "pyisolate.enforced": input.enforced,
        });
      }
      expect(table.size).toBe(new Set(inputs.map((input) => JSON.stringify(input))).size);
    }),
  );
});

test("past three quarters of the budget a new rule is _other, and closed values stay apart", () => {
  const table = new EventSeriesTable(40);
  for (let rule = 0; rule < 100; rule++) table.find(aDenial({ policyRule: `r${rule}` }));
  expect(table.size).toBe(31);
  const late = table.find(aDenial({ policyRule: "late" }));
  const lateNetwork = table.find(
    aDenial({ policyRule: "late", capability: "network", operation: "connect" }),
  );
  expect(late.folded).toBe(true);
  expect(late.attributes).toMatchObject({
    "pyisolate.policy_rule": "_other",
    "pyisolate.capability": "filesystem",
  });
  expect(lateNetwork.attributes).toMatchObject({
    "pyisolate.policy_rule": "_other",
    "pyisolate.capability": "network",
  });
});

test("the default budget holds every combination of closed values that a broker makes", () => {
  const table = new EventSeriesTable(1000);
  for (let rule = 0; rule < 1000; rule++) table.find(aDenial({ policyRule: `r${rule}` }));
  for (const capability of ["filesystem", "network", "subprocess", "random", "import"] as const) {
    for (const reason of DENIAL_REASONS) {
      for (const enforced of [true, false]) {
        const operation = (
          {
            filesystem: "read",
            network: "connect",
            subprocess: "exec",
            random: "read",
            import: "load",
          } as const
        )[capability];
        const series = table.find(
          aDenial({ capability, operation, reason, enforced, policyRule: "z" }),
        );
        expect(series.attributes).toMatchObject({
          "pyisolate.capability": capability,
          "pyisolate.reason": reason,
          "pyisolate.enforced": enforced,
        });
      }
    }
  }
});

test("what is outside its closed set is not a denial event", () => {
  const table = new EventSeriesTable(10);
  const forged = new DenialEvent({ ...aDenial(), reason: "/etc/shadow" as "closed" });
  expect(() => table.find(forged)).toThrow(TypeError);
  expect(table.size).toBe(0);
});

test("a rule that is not an id has no label of its own", () => {
  const table = new EventSeriesTable(10);
  const series = table.find(new DenialEvent({ ...aDenial(), policyRule: "/etc/shadow\n" }));
  expect(series.attributes).toMatchObject({ "pyisolate.policy_rule": "_other" });
});

test("for any events the series never exceed the budget, and the sum is exact", () => {
  const arbitrary = fc.record({
    capability: fc.constantFrom(...CAPABILITIES),
    reason: fc.constantFrom(...DENIAL_REASONS),
    brokerDecision: fc.constantFrom(...VERDICTS),
    kernelDecision: fc.constantFrom(...VERDICTS),
    enforced: fc.boolean(),
    policyRule: fc.oneof(fc.string(), fc.constantFrom("a", "b", "c", "_other", "default")),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.array(arbitrary, { maxLength: 300 }),
      (max, inputs) => {
        const table = new EventSeriesTable(max);
        const counters = new CounterBuffer();
        for (const input of inputs) {
          counters.count(table.find(new DenialEvent({ ...aDenial(), ...input })));
        }
        expect(table.size).toBeLessThanOrEqual(max);
        const series = new Set<string>();
        let sum = 0;
        counters.flush(({ attributes }, amount) => {
          series.add(JSON.stringify(attributes));
          sum += amount;
        });
        expect(sum).toBe(inputs.length);
        expect(series.size).toBeLessThanOrEqual(max);
      },
    ),
  );
});
