import { context, logs, metrics, SeverityNumber } from "@opentelemetry/api";
import { DenialEvent } from "@pyisolate/policy";
import { afterEach, expect, test } from "vitest";

import { createDenialRecorder } from "./recorder.ts";
import { aDenial } from "./testing/denials.ts";
import { realSdk, sumOf } from "./testing/sdk-double.ts";

afterEach(() => {
  metrics.disable();
  logs.disable();
  context.disable();
});

test("a denial is one record and one count", async () => {
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  denials.record(aDenial());
  await denials.flush();
  const [record, ...others] = await records();
  expect(others).toEqual([]);
  expect(record).toMatchObject({
    eventName: "pyisolate.denial",
    severityNumber: SeverityNumber.WARN,
    instrumentationScope: { name: "@pyisolate/telemetry" },
  });
  expect(record?.severityText).toBeUndefined();
  expect(await cumulative.points("pyisolate.denials")).toEqual(new Map([["tenant-a", 1]]));
  expect(await cumulative.sum("pyisolate.denial.events")).toBe(1);
  expect(denials.ledger()).toEqual({
    denied: 1,
    emitted: 1,
    coalesced: 0,
    dropped: {},
    pending: 0,
  });
  expect(denials.ledger("tenant-a")).toEqual(denials.ledger());
  expect(denials.ledger("never-heard-of")).toMatchObject({ denied: 0 });
});

test("100,000 denials in one tick are counted exactly by every reader, before any drain", async () => {
  const { meterProvider, loggerProvider, cumulative, delta, records } = realSdk();
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  for (let seq = 1; seq <= 100_000; seq++) denials.record(aDenial({ seq, id: `x-${seq}` }));
  for (const reader of [cumulative, delta]) {
    expect(await reader.sum("pyisolate.denials")).toBe(100_000);
  }
  await denials.flush();
  const { denied, emitted, coalesced, dropped, pending } = denials.ledger();
  expect({ denied, dropped, pending }).toEqual({ denied: 100_000, dropped: {}, pending: 0 });
  expect(emitted + coalesced).toBe(100_000);
  // The batch processor alone would have kept 2560 of them.
  const told = (await records()).map((record) =>
    Number(record.attributes["pyisolate.denial.count"]),
  );
  expect(told).toHaveLength(emitted);
  expect(sumOf(told)).toBe(100_000);
  const outcomes = await cumulative.points("pyisolate.denial.records");
  expect(outcomes.get("emitted")).toBe(emitted);
  expect(outcomes.get("coalesced")).toBe(coalesced);
  expect(await cumulative.sum("pyisolate.denials")).toBe(100_000);
  expect(await delta.sum("pyisolate.denials")).toBe(0);
});

test("the deny ratio begins at zero and counts what is granted and refused", async () => {
  const { meterProvider, cumulative } = realSdk();
  await using denials = createDenialRecorder({ meterProvider });
  const zeros = await cumulative.points("pyisolate.decisions");
  expect(zeros.get("filesystem allow")).toBe(0);
  expect(zeros.get("network deny")).toBe(0);
  denials.allowed("filesystem");
  denials.allowed("filesystem");
  denials.record(aDenial());
  const points = await cumulative.points("pyisolate.decisions");
  expect(points.get("filesystem allow")).toBe(2);
  expect(points.get("filesystem deny")).toBe(1);
  expect(points.has("limit allow")).toBe(false);
});

test("the verdict of a shadow policy is an event and no denial", async () => {
  const { meterProvider, cumulative } = realSdk();
  await using denials = createDenialRecorder({ meterProvider });
  denials.record(aDenial({ enforced: false }));
  expect(await cumulative.sum("pyisolate.denial.events")).toBe(1);
  expect(await cumulative.sum("pyisolate.denials")).toBe(0);
  expect(await cumulative.sum("pyisolate.decisions")).toBe(0);
  expect(denials.ledger().denied).toBe(1);
});

test("what is not a denial event is counted as invalid, and the recorder does not throw", async () => {
  await using denials = createDenialRecorder();
  const getters = new Proxy(aDenial(), {
    get: () => {
      throw new Error("getter");
    },
  });
  for (const event of [undefined, {}, { cell: "x" }, getters]) denials.record(event as DenialEvent);
  denials.record(new DenialEvent({ ...aDenial(), capability: "\u0000" }));
  denials.allowed("nothing");
  denials.closed(undefined as never);
  expect(denials.ledger()).toMatchObject({ denied: 5, dropped: { invalid: 5 }, pending: 0 });
});

test("what is not a denial event is in the counter of events too, so that ledger and counter agree", async () => {
  const { meterProvider, cumulative } = realSdk();
  await using denials = createDenialRecorder({ meterProvider });
  for (const event of [undefined, {}, { ...aDenial(), capability: "x y" }]) {
    denials.record(event as DenialEvent);
  }
  denials.record(aDenial());
  await denials.flush();
  const events = await cumulative.points("pyisolate.denial.events");
  expect(events.get("_other _other _other _other _other _other")).toBe(3);
  const { denied, pending } = denials.ledger();
  expect(await cumulative.sum("pyisolate.denial.events")).toBe(denied);
  expect(await cumulative.sum("pyisolate.denial.records")).toBe(denied - pending);
});

test("cells past the budget fold, are counted, and their sum is exact", async () => {
  const { meterProvider, cumulative } = realSdk();
  await using denials = createDenialRecorder({ meterProvider, maxSeries: 10 });
  for (let cell = 0; cell < 50; cell++) denials.record(aDenial({ cell: `c${cell}` }));
  const points = await cumulative.points("pyisolate.denials");
  expect(points.size).toBe(10);
  expect(points.get("_other")).toBe(41);
  expect((await cumulative.points("pyisolate.telemetry.folded")).get("cell")).toBe(41);
});

test.each([
  [{ maxSeries: 1 }, "maxSeries must be a whole number from 2 to 16000, got 1"],
  [{ ringSize: 0.5 }, "ringSize must be a whole number from 1 to 1048576, got 0.5"],
  [{ meterProvider: {} }, "meterProvider must be a provider with a method getMeter"],
  [{ loggerProvider: null }, "loggerProvider must be a provider with a method getLogger"],
  [{ meterProvider: Promise.resolve({}) }, "getMeter, got a promise; await it first"],
  [{ redact: "***" }, 'redact must be a function of a target and its event, got "***"'],
  [{ ring: 5 }, "unknown option ring; allowed are meterProvider"],
  [{ recordPerSecond: 5 }, "unknown option recordPerSecond; did you mean recordsPerSecond?"],
  [{ maxseries: 5 }, "unknown option maxseries; did you mean maxSeries?"],
  [[], "createDenialRecorder takes an object of options, got a list"],
  [Promise.resolve({}), "createDenialRecorder takes an object of options, got a promise"],
  [null, "createDenialRecorder takes an object of options, got null"],
])("options %j are refused", (options, message) => {
  expect(() => createDenialRecorder(options as never)).toThrow(TypeError);
  expect(() => createDenialRecorder(options as never)).toThrow(message);
});

test.each([
  ["setMeterProvider", "meterProvider must be a provider with a method getMeter"],
  ["setLoggerProvider", "loggerProvider must be a provider with a method getLogger"],
] as const)("%s refuses what is not a provider", async (method, message) => {
  await using denials = createDenialRecorder();
  for (const provider of [undefined, null, {}, Promise.resolve({})]) {
    expect(() => denials[method](provider as never)).toThrow(TypeError);
    expect(() => denials[method](provider as never)).toThrow(message);
  }
});
