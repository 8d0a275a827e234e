import { setImmediate as nextTurn } from "node:timers/promises";

import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

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
} from "../index.ts";

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
    .map(({ kernel, ...input }): DenialInput => ({ ...input, ...kernel }))
    .filter(
      ({ brokerDecision = "deny", kernelDecision, reason, policyRule = "default" }) =>
        !(brokerDecision === "allow" && kernelDecision === "allow") &&
        !(reason === "explicit_deny" && (brokerDecision !== "deny" || policyRule === "default")),
    ),
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
    ["capability", "data base"],
    ["capability", "_other"],
    ["capability", "x".repeat(65)],
    ["operation", "/etc"],
    ["operation", undefined],
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

  test.each([
    ["database", "query"],
    ["filesystem", "chmod"],
    ["kv-store.eu", "get_many"],
    ["constructor", "toString"],
  ])(
    "takes a service's own capability and operation, %s %s, there and back",
    (capability, operation) => {
      const event = denialEvent({ ...plain, capability, operation });
      expect(event).toMatchObject({ capability, operation });
      expect(parseDenialEvent(JSON.stringify(event))).toEqual(event);
    },
  );

  test.each([
    [{ policy_rule: "x" }, 'no field "policy_rule"; did you mean policyRule?'],
    [{ resaon: "limit" }, 'no field "resaon"; did you mean reason?'],
    [{ attemptedAction: "read" }, 'no field "attemptedAction"; Fields are id, seq'],
    [JSON.parse('{"__proto__": 1}') as object, 'no field "__proto__"'],
  ])("refuses a field that it does not know, %j, with the near word", (fields, message) => {
    expect(() => denialEvent({ ...plain, ...fields })).toThrow(TypeError);
    expect(() => denialEvent({ ...plain, ...fields })).toThrow(message);
  });

  test("refuses a misspelt field in a guard's first denials, also after 10,001 denials of other guards", async () => {
    vi.resetModules();
    const fresh = await import("./create-event.ts");
    for (let at = 0; at < 10_001; at += 1) fresh.denialEvent(plain);
    const misspelt = { ...plain, resaon: "limit" };
    // Field names are checked in the first denials of a capability only: this one has had them.
    expect(fresh.denialEvent(misspelt).reason).toBe("no_rule");
    expect(() => fresh.denialEvent({ ...misspelt, capability: "database" })).toThrow('"resaon"');
    const { capability, ...others } = plain;
    expect(() => fresh.denialEvent({ ...others, capabilty: capability } as never)).toThrow(
      'no field "capabilty"; did you mean capability?',
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

describe("the numbers of a cell's denials", () => {
  const numbered = (cell: string, more: object = {}) => denialEvent({ ...plain, cell, ...more });

  test.each<[string, object]>([
    ["a policy's name that is not text", { policyName: 5 }],
    ["a nearest rule that is refused", { nearestRule: { id: "/", lacked: "scope" } }],
    [
      "a nearest rule that cannot be read twice",
      { nearestRule: readableOnce({ id: "a", lacked: "scope" }) },
    ],
    ["fields that contradict each other", { brokerDecision: "allow", kernelDecision: "allow" }],
  ])("have no gap after %s", (what, input) => {
    const cell = `gap after ${what}`;
    expect(numbered(cell).seq).toBe(1);
    const made = thrownBy(() => numbered(cell, input)) === undefined ? 2 : 1;
    expect(numbered(cell).seq).toBe(made + 1);
  });

  test("go on after 10,001, and after 60,000, other cells were denied something", () => {
    for (const others of [10_001, 60_000]) {
      const first = numbered(`kept-${others}`);
      for (let at = 0; at < others; at += 1) numbered(`other-${others}-${at}`);
      const second = numbered(`kept-${others}`);
      expect(second.seq).toBe(2);
      expect(second.id.replace(/-2$/, "")).toBe(first.id.replace(/-1$/, ""));
    }
  });

  test("begin again with another instance where a cell was forgotten, and one warning says so", async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error): void => void warnings.push(warning);
    process.on("warning", keep);
    const first = numbered("forgotten");
    for (let at = 0; at < 200_000; at += 1) numbered(`many-${at}`);
    const second = numbered("forgotten");
    expect(second.seq).toBe(1);
    expect(second.id).not.toBe(first.id);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off("warning", keep);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/more than 65536 cell names.*begin again at seq 1.*Give id and seq/),
    ]);
  });

  test("cost one busy cell the same, however many others are remembered", async () => {
    vi.resetModules();
    const fresh = await import("./create-event.ts");
    const cost = (): number => {
      const start = process.hrtime.bigint();
      for (let at = 0; at < 10_000; at += 1) fresh.denialEvent({ ...plain, cell: "busy" });
      return Number(process.hrtime.bigint() - start);
    };
    const least = (): number => Math.min(...Array.from({ length: 5 }, cost));
    const alone = least();
    for (const others of [9_990, 30_000, 60_000]) {
      for (let at = 0; at < others; at += 1) {
        fresh.denialEvent({ ...plain, cell: `quiet-${others}-${at}` });
      }
      expect(least() / alone, `${others} others`).toBeLessThan(8);
    }
  });

  function readableOnce(rule: { id: string; lacked: string }): object {
    let reads = 0;
    return {
      lacked: rule.lacked,
      get id(): string {
        reads += 1;
        if (reads > 1) throw new TypeError("read again");
        return rule.id;
      },
    };
  }
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
    ["capability", "to string"],
    ["capability", "_other"],
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

  test.each<[string, object]>([
    ["both layers allow", { broker_decision: "allow", kernel_decision: "allow" }],
    ["explicit_deny by default", { reason: "explicit_deny" }],
    ["explicit_deny by a limit", { reason: "explicit_deny", policy_rule: "limit.cpu" }],
    [
      "explicit_deny where the broker allows",
      { reason: "explicit_deny", policy_rule: "a", broker_decision: "allow" },
    ],
    [
      "explicit_deny where the broker was not asked",
      { reason: "explicit_deny", policy_rule: "a", broker_decision: "not_evaluated" },
    ],
  ])("that contradicts itself is refused: %s", (_name, fields) => {
    expect(() => parseDenialEvent({ ...json, ...fields })).toThrow(InvalidDenialEventError);
    const { broker_decision, kernel_decision, policy_rule, ...same } = {
      ...json,
      ...fields,
    } as Record<string, unknown>;
    const input = {
      cell: "a",
      capability: "random",
      operation: "read",
      brokerDecision: broker_decision,
      kernelDecision: kernel_decision,
      policyRule: policy_rule,
      reason: same["reason"],
    };
    expect(() => denialEvent(input as DenialInput)).toThrow(TypeError);
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

test("an explainer that is async by mistake explains nothing, and its rejection ends no process", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  const explains = (async () => await Promise.reject(new Error("no words"))) as never;
  const event = denialEvent({ cell: "c", capability: "filesystem", operation: "read", explains });
  expect(event.explanation).toBeNull();
  await nextTurn();
  expect(unhandled).toEqual([]);
  process.off("unhandledRejection", onUnhandled);
});
