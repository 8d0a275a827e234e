import {
  CAPABILITIES,
  DENIAL_REASONS,
  DenialEvent,
  parsePolicy,
  VERDICTS,
} from "@pyisolate/policy";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { METRICS } from "../semconv.ts";
import { aDenial } from "../testing/denials.ts";
import { realSdk, sumOf } from "../testing/sdk-double.ts";
import { seriesBudget } from "./series-budget.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function policyOf(rules: number, name = "plugins") {
  return parsePolicy({
    version: 1,
    name,
    rules: Array.from({ length: rules }, (_, index) => ({
      id: `${name}-${index}`,
      effect: index % 2 === 0 ? "deny" : "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: [`/srv/${index}/**`],
    })),
  });
}

test("the budget names every instrument, its most series, and why", () => {
  const budget = seriesBudget(policyOf(4));
  expect(budget.map(({ instrument }) => instrument).toSorted()).toEqual(
    Object.values(METRICS)
      .map(({ name }) => name)
      .toSorted(),
  );
  const short = budget.map(
    ({ instrument, max, needed, room, folds }) =>
      `${instrument} ${max} (needs ${needed ?? "?"} of ${room}, folds ${folds ?? "nothing"})`,
  );
  expect(short).toMatchInlineSnapshot(`
    [
      "pyisolate.denials 1000 (needs ? of 999, folds cell)",
      "pyisolate.denial.events 1000 (needs 116 of 750, folds policy_rule)",
      "pyisolate.decisions 18 (needs 16 of 16, folds nothing)",
      "pyisolate.denial.records 12 (needs 12 of 12, folds nothing)",
      "pyisolate.policy.loads 1 (needs 1 of 1, folds nothing)",
      "pyisolate.telemetry.folded 3 (needs 3 of 3, folds nothing)",
      "pyisolate.telemetry.redactions.failed 4 (needs 4 of 4, folds nothing)",
      "pyisolate.telemetry.queue.size 1 (needs 1 of 1, folds nothing)",
      "pyisolate.telemetry.state 3 (needs 3 of 3, folds nothing)",
      "pyisolate.telemetry.spool.usage.bytes 1 (needs 1 of 1, folds nothing)",
      "pyisolate.telemetry.spool.limit.bytes 1 (needs 1 of 1, folds nothing)",
    ]
  `);
  for (const { dimensions } of budget) {
    for (const { from } of dimensions) expect(from).not.toBe("");
  }
});

test("a shadow policy needs series of its own", () => {
  const needed = (budget: ReturnType<typeof seriesBudget>) =>
    budget.find(({ folds }) => folds === "policy_rule")?.needed ?? 0;
  const alone = needed(seriesBudget(policyOf(4)));
  // What each of two deny rules denies, what each of two allow rules would allow for each reason of a denial, and what no rule of
  // the shadow policy grants, for each capability but control and limit.
  const own = 2 * 1 + 2 * 4 + (CAPABILITIES.length - 2) * 3;
  expect(needed(seriesBudget(policyOf(4), { shadow: policyOf(4) }))).toBe(alone + own);
});

test("a policy that needs more than there is room for says so when it loads, a reload as well", async () => {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  await using denials = createDenialRecorder({ maxSeries: 200 });
  denials.policyLoaded(policyOf(15, "a"));
  denials.policyLoaded(policyOf(15, "a"));
  expect(emitWarning).not.toHaveBeenCalled();
  denials.policyLoaded(policyOf(60, "b"));
  expect(emitWarning).toHaveBeenCalledOnce();
  expect(emitWarning.mock.calls[0]?.[0]).toMatchObject({
    name: "SeriesBudgetWarning",
    policy: "b",
    budget: { instrument: "pyisolate.denial.events", room: 150, folds: "policy_rule" },
  });
  denials.policyLoaded({} as never);
});

test("whatever comes and goes, no instrument exceeds its budget and every sum is exact", async () => {
  const arbitrary = fc.record({
    cell: fc.nat(60).map((cell) => `cell-${cell}`),
    capability: fc.constantFrom(...CAPABILITIES),
    reason: fc.constantFrom(...DENIAL_REASONS),
    brokerDecision: fc.constantFrom(...VERDICTS),
    kernelDecision: fc.constantFrom(...VERDICTS),
    enforced: fc.boolean(),
    policyRule: fc.oneof(
      fc.string(),
      fc.nat(60).map((rule) => `rule-${rule}`),
    ),
    closes: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 40 }),
      fc.array(arbitrary, { maxLength: 200 }),
      async (maxSeries, churn) => {
        const { meterProvider, loggerProvider, cumulative } = realSdk();
        await using denials = createDenialRecorder({ meterProvider, loggerProvider, maxSeries });
        for (const { closes, ...fields } of churn) {
          denials.record(new DenialEvent({ ...aDenial(), ...fields }));
          if (closes) denials.closed({ ...ENDED, cell: fields.cell });
        }
        const all = await cumulative.all();
        for (const { instrument, max } of seriesBudget(policyOf(0), { maxSeries })) {
          expect(all.get(instrument)?.size ?? 0, instrument).toBeLessThanOrEqual(max);
        }
        const enforced = churn.filter((one) => one.enforced).length;
        expect(sumOf((all.get("pyisolate.denial.events") ?? new Map()).values())).toBe(
          churn.length,
        );
        expect(sumOf((all.get("pyisolate.denials") ?? new Map()).values())).toBe(enforced);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

const ENDED = { denials: 0, allowed: 0, cause: "closed" } as const;

test.each([
  [{ maxseries: 5 }, "unknown option maxseries; did you mean maxSeries?"],
  [{ maxSeries: 1 }, "maxSeries must be a whole number from 2 to 16000, got 1"],
  [{ shadow: Promise.resolve(policyOf(1)) }, "got a promise; await it first"],
  [{ shadow: {} }, "shadow must be a policy, as parsePolicy makes it, got an object"],
  [5, "seriesBudget takes an object of options, got 5"],
])("options %j of the budget are refused", (options, message) => {
  expect(() => seriesBudget(policyOf(1), options as never)).toThrow(TypeError);
  expect(() => seriesBudget(policyOf(1), options as never)).toThrow(message);
});
