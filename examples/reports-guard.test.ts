// What reports-guard.ts refuses, tested without providers, timers or a network: node --test reports-guard.test.ts
import assert from "node:assert";
import { beforeEach, test } from "node:test";

import { PolicyError } from "@pyisolate/policy";
import { assertDenied, assertNotDenied, createTestRecorder } from "@pyisolate/telemetry/testing";

import { query } from "./reports-guard.ts";

const denials = createTestRecorder();
beforeEach(() => {
  denials.reset();
});

void test("a report may be read", () => {
  assert.equal(query(denials, "tenant-a", "reports.daily"), "rows of reports.daily");
  assertNotDenied(denials);
  assert.deepEqual(denials.granted, ["database"]);
});

void test("a password may not, by the rule for it", () => {
  assert.throws(() => query(denials, "tenant-a", "users.password"), PolicyError);
  assertDenied(denials, {
    cell: "tenant-a",
    capability: "database",
    target: "users.password",
    rule: "secrets",
    layer: "broker",
  });
});

void test("another table may not, since no rule covers it", () => {
  assert.throws(() => query(denials, "tenant-a", "orders.daily"), PolicyError);
  const { nearestRule } = assertDenied(denials, { rule: "default", reason: "outside_scope" });
  assert.equal(nearestRule?.id, "reports");
});
