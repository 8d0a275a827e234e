import { expect, test } from "vitest";

import { createDenialRecorder, seriesBudget, type DenialRecorderOptions } from "../index.ts";
import { METRICS } from "../semconv.ts";
import { decide, denialEvent, parsePolicy } from "@pyisolate/policy";
import { aDenial } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

const OWN = { database: ["query", "write"], tool: ["call"] };
/** What a policy can declare: `tool` is built in for policies. */
const OWN_OF_POLICY = { database: OWN.database, search: ["call"] };

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

test("what was counted as _other for want of a declaration is told, refused and granted alike", async () => {
  const { meterProvider, loggerProvider, cumulative } = realSdk();
  const denials = createDenialRecorder({ meterProvider, loggerProvider, capabilities: OWN });
  const folded = async () =>
    (await cumulative.points("pyisolate.telemetry.folded")).get("capability");
  denials.record(aDenial({ capability: "database", operation: "query" }));
  denials.allowed("tool");
  denials.allowed("filesystem");
  denials.allowed("no name");
  expect(await folded()).toBe(0);
  denials.record(aDenial({ capability: "cache", operation: "get" }));
  denials.record(aDenial({ capability: "mail", operation: "send", enforced: false }));
  denials.allowed("cache");
  expect(await folded()).toBe(3);
  await denials.shutdown();
});

test("events past the series budget count their capability as folded too, since they have none", async () => {
  const { meterProvider, cumulative } = realSdk();
  const denials = createDenialRecorder({ meterProvider, maxSeries: 2 });
  for (const reason of ["no_rule", "outside_scope", "wrong_operation"] as const) {
    denials.record(aDenial({ reason }));
  }
  const events = await cumulative.points("pyisolate.denial.events");
  expect(events.get("_other _other _other _other _other _other")).toBe(2);
  expect((await cumulative.points("pyisolate.telemetry.folded")).get("capability")).toBe(2);
  await denials.shutdown();
});

test("a policy's declaration is a recorder's", async () => {
  const policy = parsePolicy({
    version: 1,
    name: "reporting",
    capabilities: OWN_OF_POLICY,
    rules: [{ id: "secrets", effect: "deny", capability: "database", targets: ["**.password"] }],
  });
  const { meterProvider, loggerProvider, cumulative } = realSdk();
  const { capabilities } = policy;
  const denials = createDenialRecorder({ meterProvider, loggerProvider, capabilities });
  denials.policyLoaded(policy);
  for (const target of ["users.password", "users.name", "users\nname"]) {
    const request = { capability: "database", operation: "query", target };
    const decision = decide(policy, request);
    if (decision.effect === "allow") throw new Error("granted");
    denials.record(
      denialEvent({ cell: "a", ...request, policyRule: decision.rule, reason: decision.reason }),
    );
  }
  expect(of(await cumulative.points("pyisolate.denial.events"), "database")).toEqual([1, 1, 1]);
  expect(of(await cumulative.points("pyisolate.decisions"), "database")).toEqual([0, 3]);
  expect(of(await cumulative.points("pyisolate.decisions"), "_other")).toEqual([]);
  await denials.shutdown();
});

test("the largest declaration of a policy is one of a recorder", async () => {
  const many = (of: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${of}${at}`);
  const { capabilities } = parsePolicy({
    version: 1,
    name: "many",
    capabilities: Object.fromEntries(many("c", 100).map((name) => [name, many("o", 32)])),
    rules: [],
  });
  await createDenialRecorder({ capabilities }).shutdown();
  const none = parsePolicy({ version: 1, name: "none", rules: [] });
  await createDenialRecorder({ capabilities: none.capabilities }).shutdown();
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
])("%j is not a declaration", (capabilities) => {
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
  const events = (capabilities: object) =>
    seriesBudget(parsePolicy({ version: 1, name: "none", capabilities, rules: [] })).find(
      ({ instrument }) => instrument === METRICS.denialEvents.name,
    )?.needed ?? 0;
  // Each by default: four reasons of the policy, two before it, none to ask; twice, since the kernel may not be there.
  expect(events(OWN_OF_POLICY) - events({})).toBe(2 * 2 * (4 + 2 + 1));
});
