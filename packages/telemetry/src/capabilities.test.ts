import { expect, test } from "vitest";

import { createDenialRecorder, seriesBudget, type DenialRecorderOptions } from "./index.ts";
import { METRICS } from "./semconv.ts";
import { parsePolicy } from "@pyisolate/policy";
import { aDenial } from "./testing/denials.ts";
import { realSdk } from "./testing/sdk-double.ts";

const OWN = { database: ["query", "write"], tool: ["call"] };

/** The values of the series that have this capability. */
function of(points: ReadonlyMap<string, number>, capability: string): number[] {
  return [...points].flatMap(([series, value]) =>
    series.split(" ").includes(capability) ? [value] : [],
  );
}

test("a declared capability has series of its own; what is not declared is _other, with exact sums", async () => {
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  const denials = createDenialRecorder({ meterProvider, loggerProvider, capabilities: OWN });
  for (const [capability, times] of [
    ["database", 3],
    ["filesystem", 2],
    ["cache", 4],
    ["mail", 5],
  ] as const) {
    for (let seq = 0; seq < times; seq++) {
      denials.record(aDenial({ capability, operation: "query" }));
      denials.allowed(capability);
    }
  }
  const events = await cumulative.points("pyisolate.denial.events");
  const decisions = await cumulative.points("pyisolate.decisions");
  expect(of(events, "database")).toEqual([3]);
  expect(of(events, "filesystem")).toEqual([2]);
  expect(of(events, "_other")).toEqual([9]);
  expect(of(decisions, "database")).toEqual([3, 3]);
  expect(of(decisions, "tool")).toEqual([0, 0]);
  expect(of(decisions, "_other")).toEqual([9, 9]);
  expect(of(decisions, "cache")).toEqual([]);
  expect(denials.ledger().denied).toBe(14);
  await denials.flush();
  const names = (await records()).map(({ attributes }) => attributes["pyisolate.capability"]);
  expect(names.filter((name) => name === "cache")).toHaveLength(4);
  await denials.shutdown();
});

test("without a declaration nothing is thrown, and there is no series of _other until there is a need", async () => {
  const { meterProvider, loggerProvider, cumulative } = realSdk();
  const denials = createDenialRecorder({ meterProvider, loggerProvider });
  expect(of(await cumulative.points("pyisolate.decisions"), "_other")).toEqual([]);
  denials.record(aDenial({ capability: "database", operation: "query" }));
  expect(of(await cumulative.points("pyisolate.decisions"), "_other")).toEqual([1]);
  denials.allowed("no name");
  denials.allowed("_other");
  expect(of(await cumulative.points("pyisolate.decisions"), "_other")).toEqual([1]);
  await denials.shutdown();
});

test.each<unknown>([
  ["database"],
  { database: [] },
  { database: "query" },
  { "data base": ["query"] },
  { _other: ["query"] },
  { database: ["/etc"] },
  Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`c${index}`, ["call"]])),
])("%j is no declaration", (capabilities) => {
  const options = { capabilities } as DenialRecorderOptions;
  expect(() => createDenialRecorder(options)).toThrow(TypeError);
  expect(() => createDenialRecorder(options)).toThrow("capabilities must be an object");
});

test("the budget knows of declared capabilities", () => {
  const policy = parsePolicy({ version: 1, name: "none", rules: [] });
  const decisions = seriesBudget(policy, { capabilities: OWN }).find(
    ({ instrument }) => instrument === METRICS.decisions.name,
  );
  expect(decisions).toMatchObject({ needed: 18, max: 20 });
});
