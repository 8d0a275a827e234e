import path from "node:path";

import { BUILD_TIMEOUT_MS, createPromtool, serversForTest } from "@pyisolate/stack";
import { expect, test } from "vitest";

import { CASE_FILES, CASES } from "./cases.ts";
import { parsePromql } from "./promql.ts";
import { ALERTS, RULE_FILES, RULES } from "./shipped.ts";

test(
  "promtool finds nothing to say of the rules, with every lint rule",
  { timeout: BUILD_TIMEOUT_MS },
  async ({ skip }) => {
    const promtool = createPromtool((await serversForTest({ skip })).promtool);
    expect(await promtool.checkRules(...RULE_FILES)).toMatchObject({ ok: true });
  },
);

test.for(CASE_FILES.map((file) => [path.basename(file), file] as const))(
  "the alerts fire as %s says, and only then",
  { timeout: BUILD_TIMEOUT_MS },
  async ([, file], { skip }) => {
    const promtool = createPromtool((await serversForTest({ skip })).promtool);
    const verdict = await promtool.testRules(file);
    expect(verdict.ok, verdict.output).toBe(true);
  },
);

test.each(ALERTS.map(({ alert, expr }) => [alert, expr] as const))(
  "%s has a case in which it fires, and a near miss on its own metrics in which it does not",
  (alert, expr) => {
    const own = metricsOf(expr);
    const cases = CASES.filter((one) => one.alert === alert);
    expect(cases.some(({ fires }) => fires)).toBe(true);
    expect(
      cases.some(({ fires, metrics }) => !fires && metrics.some((metric) => own.has(metric))),
    ).toBe(true);
  },
);

test("every case tests an alert that exists", () => {
  const alerts = new Set(ALERTS.map(({ alert }) => alert));
  expect(CASES.filter(({ alert }) => !alerts.has(alert))).toEqual([]);
});

/** What an expression comes down to, through the recorded ones. */
function metricsOf(expr: string): Set<string> {
  const metrics = parsePromql(expr).selectors.flatMap(({ metric }) => {
    const recorded = RULES.find(({ record }) => record === metric);
    return recorded === undefined ? [metric] : [...metricsOf(recorded.expr)];
  });
  return new Set(metrics);
}
