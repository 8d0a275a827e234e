import { AssertionError } from "node:assert";

import { PolicyError } from "@pyisolate/policy";
import { describe, expect, test } from "vitest";

import type { DenialRecorder } from "../index.ts";
import {
  assertDenied,
  assertNotDenied,
  createTestRecorder,
  denialMatchers,
  type DenialMatchers,
  type DenialSource,
  type ExpectedDenial,
} from "../testing.ts";
import { aDenial } from "../testing/denials.ts";

declare module "vitest" {
  // oxlint-disable-next-line typescript/no-empty-object-type -- this is how vitest's own interface is added to
  interface Matchers<R, T> extends DenialMatchers<R> {}
}
expect.extend(denialMatchers);

const READ = aDenial({ reason: "outside_scope", policyRule: "default" });
const QUERY = aDenial({
  cell: "tenant-b",
  capability: "database",
  operation: "query",
  target: "users.password",
  policyRule: "secrets",
  reason: "explicit_deny",
});
const KERNEL = aDenial({
  brokerDecision: "allow",
  kernelDecision: "deny",
  kernelEvidence: "ruleset+errno",
  policyRule: "data",
  reason: "kernel",
});
const LIMIT = aDenial({
  capability: "limit",
  operation: "calls",
  policyRule: "limit.calls",
  reason: "limit",
  brokerDecision: "not_evaluated",
});
const SHADOW = aDenial({ enforced: false, target: "/srv/shadow" });

function messageOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error("nothing was thrown");
}

describe("a recorder for tests", () => {
  test("keeps what it is given, in order, until it is reset", () => {
    const denials = createTestRecorder();
    const totals = { cell: "tenant-a", denials: 1, allowed: 1, cause: "closed" } as const;
    denials.record(READ);
    denials.record(QUERY);
    denials.allowed("database");
    denials.closed(totals);
    denials.record({ cell: "no event" } as never);
    denials.record(undefined as never);
    const taken = denials.denials;
    expect(taken).toEqual([READ, QUERY]);
    expect(denials).toMatchObject({ granted: ["database"], closings: [totals], policies: [] });
    expect(denials.invalid).toEqual([{ cell: "no event" }, undefined]);
    expect(denials.ledger()).toEqual({
      denied: 4,
      emitted: 2,
      coalesced: 0,
      dropped: { invalid: 2 },
      pending: 0,
    });
    expect(denials.ledger("tenant-b").denied).toBe(1);
    denials.reset();
    expect(denials).toMatchObject({ denials: [], granted: [], closings: [], invalid: [] });
    expect(taken).toHaveLength(2);
  });

  test("goes wherever a recorder goes, and keeps no process alive", async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    await using denials: DenialRecorder = createTestRecorder();
    denials.record(READ);
    expect(denials.health()).toMatchObject({ state: "exporting", pending: 0, lost: 0 });
    await denials.flush();
    await denials.shutdown();
    expect(timers()).toBe(before);
  });
});

describe("what was denied", () => {
  const all = [READ, QUERY, KERNEL, LIMIT, SHADOW];

  test.each<[ExpectedDenial | undefined, readonly unknown[]]>([
    [undefined, [READ, QUERY, KERNEL, LIMIT]],
    [{}, [READ, QUERY, KERNEL, LIMIT]],
    [{ capability: "database" }, [QUERY]],
    [{ operation: "read" }, [READ, KERNEL]],
    [{ target: "/etc/shadow", rule: "data" }, [KERNEL]],
    [{ target: /^users\./g }, [QUERY]],
    [{ cell: "tenant-b" }, [QUERY]],
    [{ cell: /^tenant-/ }, [READ, QUERY, KERNEL, LIMIT]],
    [{ reason: "outside_scope" }, [READ]],
    [{ layer: "broker" }, [READ, QUERY]],
    [{ layer: "kernel" }, [KERNEL]],
    [{ layer: "host" }, [LIMIT]],
    [{ enforced: false }, [SHADOW]],
  ])("is found by %j", (expected, found) => {
    expect(all).toHaveDeniedTimes(found.length, expected);
    expect(all).toHaveDenied(expected);
    expect(assertDenied(all, expected)).toBe(found[0]);
    expect(() => {
      assertNotDenied(all, expected);
    }).toThrow(AssertionError);
  });

  test.each<ExpectedDenial>([
    { capability: "network" },
    { target: "/etc/shado" },
    { target: /shado$/ },
    { capability: "database", reason: "no_rule" },
    { enforced: false, cell: "tenant-b" },
  ])("is not found by %j", (expected) => {
    expect(all).not.toHaveDenied(expected);
    expect(all).toHaveDeniedTimes(0, expected);
    assertNotDenied(all, expected);
    expect(() => assertDenied(all, expected)).toThrow(AssertionError);
  });

  test("is looked for by what the test wrote, although an event's text is clean", () => {
    const target = "/tmp/\u202Egpj.exe";
    expect([aDenial({ target, cell: "a\nb" })]).toHaveDenied({ target, cell: "a\nb" });
  });

  test("is found in a recorder, a cell, a refusal's error and a list", () => {
    const recorder = createTestRecorder();
    recorder.record(QUERY);
    const cell = { denialEvents: () => [QUERY] };
    const sources: readonly DenialSource[] = [recorder, cell, new PolicyError(QUERY), [QUERY]];
    for (const source of sources) {
      expect(source).toHaveDenied({ rule: "secrets" });
      expect(assertDenied(source, { rule: "secrets" })).toBe(QUERY);
    }
  });
});

describe("a failure", () => {
  test("lists what was denied instead, the nearest first, each with how it differs", () => {
    const expected = { capability: "database", target: "users.name", rule: "secrets" };
    const message = `expected a denial with capability "database", target "users.name", rule "secrets", but of 3 denials none is:
  1. database query:users.password in tenant-b by secrets (explicit_deny, broker): target is "users.password", not "users.name"
  2. filesystem read:/etc/shadow in tenant-a by default (outside_scope, broker): capability is "filesystem", not "database"; target is "/etc/shadow", not "users.name"; rule is "default", not "secrets"
  3. filesystem read:/srv/shadow in tenant-a by default (no_rule, broker, a shadow policy's verdict): capability is "filesystem", not "database"; target is "/srv/shadow", not "users.name"; rule is "default", not "secrets"; enforced is false, not true`;
    const all = [SHADOW, READ, QUERY];
    expect(messageOf(() => assertDenied(all, expected))).toBe(message);
    expect(messageOf(() => expect(all).toHaveDenied(expected))).toContain(message);
    expect(() => assertDenied(all, expected)).toThrow(AssertionError);
  });

  test("says that nothing was denied, or what was although nothing should be", () => {
    expect(messageOf(() => assertDenied([], { layer: "kernel" }))).toBe(
      'expected a denial with layer "kernel", but nothing was denied',
    );
    expect(messageOf(() => assertDenied([], { enforced: false }))).toBe(
      "expected a verdict of a shadow policy, but nothing was denied",
    );
    const there = `expected not a denial, but there is:
  1. filesystem read:/etc/shadow in tenant-a by default (outside_scope, broker)`;
    expect(messageOf(() => assertNotDenied([READ]))).toBe(there);
    expect(messageOf(() => expect([READ]).not.toHaveDenied())).toContain(there);
  });

  test("says how many there are", () => {
    expect(messageOf(() => expect([READ]).toHaveDeniedTimes(2))).toContain(
      "expected a denial 2 times, but there are 1; of 1 denial:\n  1. filesystem read:/etc/shadow",
    );
    expect(messageOf(() => expect([]).not.toHaveDeniedTimes(0))).toContain(
      "expected a denial not 0 times, but there are 0",
    );
  });

  test("is bounded, however much was denied", () => {
    const many = Array.from({ length: 1000 }, (_, at) => aDenial({ target: `/${at}` }));
    const message = messageOf(() => assertDenied(many, { capability: "network" }));
    expect(message.split("\n")).toHaveLength(12);
    expect(message).toContain("\n  and 990 more");
  });
});

test.each<[unknown, object | undefined, string]>([
  [[READ], { capabilty: "database" }, "unknown option capabilty; did you mean capability?"],
  [[READ], { reason: "no rule" }, 'reason must be one of "no_rule"'],
  [[READ], { layer: "policy" }, 'layer must be one of "broker", "kernel", "host"'],
  [[READ], { target: 5 }, "target must be a string or a regular expression, got 5"],
  [{}, {}, "denials are looked for in a recorder of createTestRecorder"],
  [Promise.resolve([READ]), {}, "got a promise; await it first"],
  [undefined, undefined, "denials are looked for in"],
])("asked of %s with %j it throws a TypeError, and does not pass", (source, expected, message) => {
  for (const attempt of [
    () => assertDenied(source as DenialSource, expected),
    () => {
      assertNotDenied(source as DenialSource, expected);
    },
    () => denialMatchers.toHaveDenied(source, expected),
    () => denialMatchers.toHaveDeniedTimes(source, 0, expected),
  ]) {
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
  }
});
