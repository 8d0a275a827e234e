import { ROOT_CONTEXT } from "@opentelemetry/api";
import { DenialEvent, explainer, parsePolicy } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { EVENTS } from "../semconv.ts";
import { aDenial } from "../testing/denials.ts";
import { denialLogRecord } from "./denial-record.ts";

const FULL = aDenial({
  id: "Zm9v-7",
  seq: 7,
  time: 1_700_000_000_123,
  reason: "outside_scope",
  nearestRule: { id: "data", lacked: "scope" },
  kernelDecision: "deny",
  kernelEvidence: "audit",
  brokerDecision: "allow",
  ruleDescription: "Plugins get what their manifest asks for",
  ruleOwner: "plugins@example.com",
  policyName: "plugins",
  policyHash: "0123456789abcdef",
});

test("a full denial's record", () => {
  const { context, ...record } = denialLogRecord(FULL, ROOT_CONTEXT);
  expect(context).toBe(ROOT_CONTEXT);
  expect(record).toMatchInlineSnapshot(`
    {
      "attributes": {
        "error.type": "outside_scope",
        "pyisolate.attempted_action": "read:/etc/shadow",
        "pyisolate.broker_decision": "allow",
        "pyisolate.capability": "filesystem",
        "pyisolate.cell": "tenant-a",
        "pyisolate.denial.count": 1,
        "pyisolate.denial.id": "Zm9v-7",
        "pyisolate.denial.seq": 7,
        "pyisolate.enforced": true,
        "pyisolate.kernel_decision": "deny",
        "pyisolate.kernel_evidence": "audit",
        "pyisolate.nearest_rule": "data:scope",
        "pyisolate.operation": "read",
        "pyisolate.policy.hash": "0123456789abcdef",
        "pyisolate.policy.name": "plugins",
        "pyisolate.policy_rule": "default",
        "pyisolate.reason": "outside_scope",
        "pyisolate.rule.owner": "plugins@example.com",
        "security_rule.description": "Plugins get what their manifest asks for",
        "security_rule.name": "default",
        "security_rule.ruleset.name": "plugins",
        "security_rule.version": "0123456789abcdef",
      },
      "body": "denied filesystem read to tenant-a (outside_scope, rule default): /etc/shadow",
      "eventName": "pyisolate.denial",
      "severityNumber": 17,
      "timestamp": [
        1700000000,
        123000000,
      ],
    }
  `);
});

test("a shadow policy's verdict says what would have been done", () => {
  const body = (input: Parameters<typeof aDenial>[0]) =>
    denialLogRecord(aDenial({ ...input, enforced: false }), ROOT_CONTEXT).body;
  expect([
    body({ reason: "outside_scope" }),
    body({ reason: "explicit_deny", brokerDecision: "allow", policyRule: "data" }),
  ]).toEqual([
    "would be denied filesystem read to tenant-a (outside_scope, rule default): /etc/shadow",
    "would be allowed filesystem read to tenant-a (explicit_deny, rule data): /etc/shadow",
  ]);
});

test("the explanation in a record is redacted as its target is, and left out where the target is", () => {
  const policy = parsePolicy({
    version: 1,
    name: "plugins",
    rules: [
      {
        id: "data",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: ["/home/ann/**"],
      },
    ],
  });
  const event = aDenial({
    target: "/home/bob/a",
    reason: "outside_scope",
    nearestRule: { id: "data", lacked: "scope" },
    explains: explainer(policy),
  });
  const said = (targetOf?: () => string | undefined) =>
    denialLogRecord(event, ROOT_CONTEXT, undefined, targetOf).attributes?.["pyisolate.explanation"];
  const words = "rules grant this operation, but none on this target; the nearest rule";
  expect(said()).toBe(
    `"filesystem" "read" of "~/a": ${words} "data" lacks the path "~/a": it has "~/**"`,
  );
  expect(said(() => "[mine]")).toBe(
    `"filesystem" "read" of "[mine]": ${words} "data" lacks the path "[mine]": it has "~/**"`,
  );
  expect(said(() => undefined)).toBeUndefined();
});

test("an event that was made by hand has a record, whatever its explanation does", () => {
  const explanationShowing = (): never => {
    throw new Error("mine");
  };
  for (const made of [{ explanationShowing }, { explanationShowing: 7 }, {}]) {
    const event = { ...aDenial(), ...made } as unknown as DenialEvent;
    expect(denialLogRecord(event, ROOT_CONTEXT).attributes).not.toHaveProperty([
      "pyisolate.explanation",
    ]);
  }
});

test("a plain denial's record leaves out what has no value", () => {
  const { attributes = {} } = denialLogRecord(aDenial(), ROOT_CONTEXT);
  expect(Object.keys(attributes)).toEqual(EVENTS.denial.attributes.map(({ name }) => name));
  expect(Object.isFrozen(attributes)).toBe(false);
});

test("a burst's record tells the first, the last and how many", () => {
  const last = aDenial({ seq: 9, time: Date.UTC(2026, 0, 2) });
  const record = denialLogRecord(aDenial({ seq: 3 }), ROOT_CONTEXT, { count: 4, last });
  expect(record.attributes).toMatchObject({
    "pyisolate.denial.seq": 3,
    "pyisolate.denial.count": 4,
    "pyisolate.denial.last_seq": 9,
    "pyisolate.denial.last_time": "2026-01-02T00:00:00.000Z",
  });
  expect(record.body).toMatch(/^denied filesystem read to tenant-a, 4 times \(/);
});

test("a time before the process is that time, not a reading of performance.now()", () => {
  expect(denialLogRecord(aDenial({ time: 1 }), ROOT_CONTEXT).timestamp).toEqual([0, 1_000_000]);
});

test("an event whose time is not a number has no record", () => {
  const event = new DenialEvent({ ...aDenial(), time: Number.NaN });
  expect(() => denialLogRecord(event, ROOT_CONTEXT)).toThrow(RangeError);
});

test("any target gives bounded, well-formed text on one line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (target) => {
      const { attributes = {}, body } = denialLogRecord(aDenial({ target }), ROOT_CONTEXT);
      for (const value of [...Object.values(attributes), body]) {
        if (typeof value !== "string") continue;
        expect(value.length).toBeLessThan(1300);
        expect(value.isWellFormed()).toBe(true);
        expect(value).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }
    }),
  );
});

test("a target that looks like a field is still only a target", () => {
  const forged = `x" pyisolate.enforced="false\npyisolate.cell=other`;
  const { attributes } = denialLogRecord(aDenial({ target: forged }), ROOT_CONTEXT);
  expect(attributes).toMatchObject({ "pyisolate.enforced": true, "pyisolate.cell": "tenant-a" });
});
