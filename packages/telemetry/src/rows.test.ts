import { CAPABILITIES, DENIAL_REASONS, VERDICTS, DenialEvent } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { EventRows } from "./rows.ts";
import { Tally } from "./tally.ts";
import { aDenial } from "./testing/denials.ts";

test("a combination is one row, for ever", () => {
  const rows = new EventRows(100);
  const row = rows.find(aDenial());
  expect(rows.find(aDenial({ cell: "tenant-b", target: "/etc/passwd" }))).toBe(row);
  expect(rows.find(aDenial({ policyRule: "a", reason: "explicit_deny" }))).not.toBe(row);
  expect(rows.find(aDenial())).toBe(row);
  expect(rows.size).toBe(2);
});

test("past three quarters of the budget a new rule is _other, and closed values stay apart", () => {
  const rows = new EventRows(40);
  for (let rule = 0; rule < 100; rule++) rows.find(aDenial({ policyRule: `r${rule}` }));
  expect(rows.size).toBe(31);
  const late = rows.find(aDenial({ policyRule: "late" }));
  const lateNetwork = rows.find(
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
  const rows = new EventRows(1000);
  for (let rule = 0; rule < 1000; rule++) rows.find(aDenial({ policyRule: `r${rule}` }));
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
        const row = rows.find(
          aDenial({ capability, operation, reason, enforced, policyRule: "z" }),
        );
        expect(row.attributes).toMatchObject({
          "pyisolate.capability": capability,
          "pyisolate.reason": reason,
          "pyisolate.enforced": enforced,
        });
      }
    }
  }
});

test("what is outside its closed set is not a denial event", () => {
  const rows = new EventRows(10);
  const forged = new DenialEvent({ ...aDenial(), reason: "/etc/shadow" as "closed" });
  expect(() => rows.find(forged)).toThrow(TypeError);
  expect(rows.size).toBe(0);
});

test("a rule that is no id gets no label of its own", () => {
  const rows = new EventRows(10);
  const row = rows.find(new DenialEvent({ ...aDenial(), policyRule: "/etc/shadow\n" }));
  expect(row.attributes).toMatchObject({ "pyisolate.policy_rule": "_other" });
});

test("whatever comes, the rows never exceed the budget and the sum is exact", () => {
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
        const rows = new EventRows(max);
        const tally = new Tally();
        for (const input of inputs) {
          tally.count(rows.find(new DenialEvent({ ...aDenial(), ...input })));
        }
        expect(rows.size).toBeLessThanOrEqual(max);
        const series = new Set<string>();
        let sum = 0;
        tally.flush((row, amount) => {
          series.add(JSON.stringify(row.attributes));
          sum += amount;
        });
        expect(sum).toBe(inputs.length);
        expect(series.size).toBeLessThanOrEqual(max);
      },
    ),
  );
});
