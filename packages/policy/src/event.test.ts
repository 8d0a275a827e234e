import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  CAPABILITIES,
  DENIAL_REASONS,
  DenialEvent,
  denialEvent,
  type DenialInput,
  InvalidDenialEventError,
  KERNEL_EVIDENCE,
  OPERATIONS,
  parseDenialEvent,
  PolicyAuthError,
  PolicyError,
  VERDICTS,
} from "./index.ts";

const ruleId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const text = (minLength = 0) =>
  fc.oneof(
    fc.string({ unit: "binary", minLength, maxLength: 300 }),
    fc.string({ minLength, maxLength: 2000 }),
  );

const arbInput: fc.Arbitrary<DenialInput> = fc.constantFrom(...CAPABILITIES).chain((capability) =>
  fc
    .record(
      {
        cell: text(1),
        capability: fc.constant(capability),
        operation: fc.constantFrom(...OPERATIONS[capability]),
        id: fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/),
        seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        time: fc.double({ min: 0, max: 253_402_300_799_999, noNaN: true }),
        target: text(),
        policyRule: ruleId,
        brokerDecision: fc.constantFrom(...VERDICTS),
        kernel: fc.oneof(
          fc
            .constantFrom(...VERDICTS.filter((verdict) => verdict !== "deny"))
            .map((kernelDecision) => ({ kernelDecision })),
          fc
            .constantFrom(...KERNEL_EVIDENCE)
            .map((kernelEvidence) => ({ kernelDecision: "deny" as const, kernelEvidence })),
        ),
        reason: fc.constantFrom(...DENIAL_REASONS),
        nearestRule: fc.option(
          fc.record({
            id: ruleId,
            lacked: fc.constantFrom("operation" as const, "scope" as const),
          }),
        ),
        policyName: fc.option(text()),
        policyHash: fc.option(fc.stringMatching(/^[0-9a-f]{16}$/)),
        enforced: fc.boolean(),
      },
      { requiredKeys: ["cell", "capability", "operation"] },
    )
    .map(({ kernel, ...input }) => ({ ...input, ...kernel })),
);

const plain: DenialInput = {
  cell: "tenant-a",
  capability: "filesystem",
  operation: "read",
  target: "/etc/shadow",
};

describe("denialEvent", () => {
  test("fills in what was not said", () => {
    const before = Date.now();
    const event = denialEvent({ ...plain, cell: "fills" });
    expect(event).toMatchObject({
      seq: 1,
      policyRule: "default",
      brokerDecision: "deny",
      kernelDecision: "not_evaluated",
      kernelEvidence: null,
      reason: "no_rule",
      nearestRule: null,
      policyName: null,
      policyHash: null,
      enforced: true,
    });
    expect(event.time).toBeGreaterThanOrEqual(before);
    expect(event.attemptedAction).toBe("read:/etc/shadow");
  });

  test("numbers each cell's denials without gaps, and refused input makes none", () => {
    const cell = "numbered";
    const ids = new Set<string>();
    for (let seq = 1; seq <= 5; seq += 1) {
      expect(() => denialEvent({ ...plain, cell, time: Number.NaN })).toThrow(TypeError);
      const event = denialEvent({ ...plain, cell });
      expect(event.seq).toBe(seq);
      ids.add(event.id);
    }
    expect(ids.size).toBe(5);
  });

  test("is frozen, its nearest rule too, and keeps nothing of its input", () => {
    const nearestRule = { id: "data", lacked: "scope" as const, extra: "x" };
    const event = denialEvent({ ...plain, nearestRule });
    expect(Object.isFrozen(event)).toBe(true);
    expect(Object.isFrozen(event.nearestRule)).toBe(true);
    expect(event.nearestRule).toEqual({ id: "data", lacked: "scope" });
  });

  test.each<[string, unknown]>([
    ["cell", ""],
    ["cell", 5],
    ["capability", "fs"],
    ["capability", "constructor"],
    ["operation", "connect"],
    ["id", ""],
    ["id", "a b"],
    ["id", "x".repeat(129)],
    ["seq", 0],
    ["seq", 1.5],
    ["seq", "1"],
    ["time", Number.NaN],
    ["time", -1],
    ["time", 1e15],
    ["time", "now"],
    ["target", 5],
    ["policyRule", "/etc"],
    ["policyRule", ""],
    ["brokerDecision", "maybe"],
    ["kernelDecision", "deny"],
    ["kernelEvidence", "audit"],
    ["reason", "because"],
    ["nearestRule", { id: "/etc", lacked: "scope" }],
    ["nearestRule", { id: "a", lacked: "all" }],
    ["policyName", 5],
    ["policyHash", "xyz"],
    ["enforced", 1],
  ])("refuses %s %j with a TypeError that names it", (field, value) => {
    expect(() => denialEvent({ ...plain, [field]: value })).toThrow(TypeError);
    expect(() => denialEvent({ ...plain, [field]: value })).toThrow(
      field === "kernelDecision" ? "kernelEvidence" : field,
    );
  });

  test("for any text makes bounded text in one line", () => {
    fc.assert(
      fc.property(arbInput, (input) => {
        const event = denialEvent(input);
        for (const [written, max] of [
          [event.cell, 128],
          [event.target, 1024],
          [event.policyName ?? "", 256],
        ] as const) {
          expect(written.length).toBeLessThanOrEqual(max);
          expect(written).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });
});

describe("an event as JSON", () => {
  test("comes back equal, from text and from an object", () => {
    fc.assert(
      fc.property(arbInput, (input) => {
        const event = denialEvent(input);
        const json = JSON.stringify(event);
        for (const back of [parseDenialEvent(json), parseDenialEvent(JSON.parse(json))]) {
          expect(back).toStrictEqual(event);
          expect(back).toBeInstanceOf(DenialEvent);
          expect(Object.isFrozen(back)).toBe(true);
          expect(JSON.stringify(back)).toBe(json);
        }
      }),
      { numRuns: 500 },
    );
  });

  const json = JSON.parse(
    JSON.stringify(denialEvent({ ...plain, id: "a-1", seq: 1, time: 0 })),
  ) as Record<string, unknown>;

  test("has these fields", () => {
    expect(json).toMatchInlineSnapshot(`
      {
        "attempted_action": "read:/etc/shadow",
        "broker_decision": "deny",
        "capability": "filesystem",
        "cell": "tenant-a",
        "enforced": true,
        "id": "a-1",
        "kernel_decision": "not_evaluated",
        "kernel_evidence": null,
        "nearest_rule": null,
        "operation": "read",
        "policy_hash": null,
        "policy_name": null,
        "policy_rule": "default",
        "reason": "no_rule",
        "seq": 1,
        "target": "/etc/shadow",
        "time": "1970-01-01T00:00:00.000Z",
      }
    `);
  });

  test("without any one of its fields is refused", () => {
    for (const key of Object.keys(json)) {
      const { [key]: _, ...rest } = json;
      expect(() => parseDenialEvent(rest), key).toThrow(InvalidDenialEventError);
    }
  });

  test.each<[string, unknown]>([
    ["extra", 1],
    ["__proto__x", 1],
    ["id", ""],
    ["id", "a b"],
    ["id", 1],
    ["seq", 0],
    ["seq", 1.5],
    ["seq", "1"],
    ["seq", 2 ** 53],
    ["time", 0],
    ["time", "yesterday"],
    ["time", "1970-01-01"],
    ["time", "1970-01-01T00:00:00Z"],
    ["time", "1970-01-01T01:00:00.000+01:00"],
    ["time", "+010000-01-01T00:00:00.000Z"],
    ["time", "2023-02-30T00:00:00.000Z"],
    ["cell", ""],
    ["cell", "a\nb"],
    ["cell", "x".repeat(129)],
    ["capability", "toString"],
    ["capability", "network"],
    ["operation", "connect"],
    ["target", "/etc/passwd"],
    ["target", "/etc/shadow\u202e"],
    ["attempted_action", "write:/etc/shadow"],
    ["attempted_action", "read"],
    ["policy_rule", "/etc"],
    ["policy_rule", "x".repeat(65)],
    ["broker_decision", "no"],
    ["kernel_decision", "deny"],
    ["kernel_evidence", "audit"],
    ["reason", "x"],
    ["nearest_rule", { id: "a", lacked: "x" }],
    ["nearest_rule", { id: "a", lacked: "scope", more: 1 }],
    ["policy_name", "\u200b"],
    ["policy_hash", "ABCDEF0123456789"],
    ["enforced", "true"],
    ["enforced", null],
  ])("with %s %j is refused", (key, value) => {
    expect(() => parseDenialEvent({ ...json, [key]: value })).toThrow(InvalidDenialEventError);
  });

  test("may hold escapes, but no others than cleaning makes", () => {
    const escaped = { ...json, target: "/a\\u{a}", attempted_action: "read:/a\\u{a}" };
    expect(parseDenialEvent(escaped).target).toBe("/a\\u{a}");
    expect(() =>
      parseDenialEvent({ ...json, target: "/a\\u{61}", attempted_action: "read:/a\\u{61}" }),
    ).toThrow(InvalidDenialEventError);
  });
});

test("whatever it is given, parseDenialEvent throws nothing but InvalidDenialEventError, in clean words", () => {
  const throwing = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  for (const hostile of [
    throwing,
    `{"id":"${"x".repeat(100_000)}"}`,
    "[".repeat(60_000),
    "{",
    "",
    null,
    undefined,
    5n,
    Symbol("x"),
    { "\u001b[31m\n": 1 },
  ]) {
    expect(() => parseDenialEvent(hostile)).toThrow(InvalidDenialEventError);
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.json(),
        fc.string({ unit: "binary" }),
        fc.dictionary(fc.string({ unit: "binary" }), fc.anything()),
      ),
      (input) => {
        const error = thrownBy(() => parseDenialEvent(input));
        expect(error).toBeInstanceOf(InvalidDenialEventError);
        expect(String(error)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(String(error).length).toBeLessThan(20_000);
      },
    ),
    { numRuns: 2000 },
  );
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("errors carry their event and say who was denied what, why", () => {
  const event = denialEvent({
    ...plain,
    reason: "outside_scope",
    nearestRule: { id: "data", lacked: "scope" },
  });
  const error = new PolicyError(event);
  expect(error.denialEvent).toBe(event);
  expect(String(error)).toMatchInlineSnapshot(
    `"PolicyError: filesystem read:/etc/shadow denied to tenant-a by default (outside_scope; nearest rule "data" lacks the scope)"`,
  );
  expect(new PolicyAuthError(event)).toBeInstanceOf(PolicyError);
  expect(new PolicyAuthError(event).name).toBe("PolicyAuthError");
  expect(event.equals(parseDenialEvent(JSON.stringify(event)))).toBe(true);
});
