import { context, metrics, logs, ROOT_CONTEXT, SeverityNumber, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { createAllowListAttributesProcessor } from "@opentelemetry/sdk-metrics";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { DenialEvent } from "@pyisolate/policy";
import { afterEach, expect, test } from "vitest";

import { createDenialRecorder } from "./recorder.ts";
import { aDenial, aTurn } from "./testing/denials.ts";
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

test("counts are exact under a view that removes attributes", async () => {
  const { meterProvider, cumulative, delta } = realSdk([
    {
      instrumentName: "pyisolate.denial.events",
      attributesProcessors: [createAllowListAttributesProcessor(["pyisolate.capability"])],
    },
  ]);
  await using denials = createDenialRecorder({ meterProvider });
  for (const policyRule of ["a", "b", "c"]) denials.record(aDenial({ policyRule }));
  for (const reader of [cumulative, delta]) {
    expect(await reader.points("pyisolate.denial.events")).toEqual(new Map([["filesystem", 3]]));
  }
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

test("with no SDK the ledger works, and records that nobody wants are disabled", async () => {
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  expect(denials.ledger()).toMatchObject({ denied: 1, pending: 1 });
  await aTurn();
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { disabled: 1 }, pending: 0 });
});

test("counts from before the SDK was there reach it when it comes", async () => {
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  denials.allowed("network");
  await aTurn();
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  metrics.setGlobalMeterProvider(meterProvider);
  logs.setGlobalLoggerProvider(loggerProvider);
  denials.record(aDenial());
  await denials.flush();
  expect(await cumulative.sum("pyisolate.denials")).toBe(2);
  expect((await cumulative.points("pyisolate.decisions")).get("network allow")).toBe(1);
  expect(await records()).toHaveLength(1);
});

test("a provider that comes when nothing more is denied is found", async () => {
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  const { meterProvider, cumulative } = realSdk();
  metrics.setGlobalMeterProvider(meterProvider);
  await expect
    .poll(async () => await cumulative.sum("pyisolate.denials"), { timeout: 10_000 })
    .toBe(1);
});

test("changing the provider splits the counts and loses none", async () => {
  const first = realSdk();
  const second = realSdk();
  await using denials = createDenialRecorder({
    meterProvider: first.meterProvider,
    loggerProvider: first.loggerProvider,
  });
  denials.record(aDenial());
  denials.setMeterProvider(second.meterProvider);
  denials.record(aDenial());
  denials.record(aDenial());
  expect(await first.cumulative.sum("pyisolate.denials")).toBe(1);
  expect(await second.cumulative.sum("pyisolate.denials")).toBe(2);
  denials.setLoggerProvider(second.loggerProvider);
  await denials.flush();
  expect(await second.records()).toHaveLength(3);
});

test("what a provider that has been shut down would lose waits for the next one", async () => {
  const first = realSdk();
  const second = realSdk();
  await using denials = createDenialRecorder({ meterProvider: first.meterProvider });
  await first.meterProvider.shutdown();
  denials.record(aDenial());
  denials.setMeterProvider(second.meterProvider);
  expect(await second.cumulative.sum("pyisolate.denials")).toBe(1);
});

test("the record carries the trace that was active where the denial was recorded", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider });
  const span = new TracerProvider().getTracer("test").startSpan("call");
  await context.with(trace.setSpan(ROOT_CONTEXT, span), async () => {
    denials.record(aDenial({ target: "/sync" }));
    await aTurn();
    denials.record(aDenial({ target: "/async" }));
  });
  denials.record(aDenial({ target: "/outside" }));
  await denials.flush();
  const [sync, later, outside] = await records();
  expect(sync?.spanContext).toEqual(span.spanContext());
  expect(later?.spanContext).toEqual(span.spanContext());
  expect(outside?.spanContext).toBeUndefined();
});

test("a burst carries the trace of its first", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider, ringSize: 1 });
  const tracer = new TracerProvider().getTracer("test");
  const spans = ["a", "b", "c"].map((name) => tracer.startSpan(name));
  for (const span of spans) {
    context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
      denials.record(aDenial());
    });
  }
  await denials.flush();
  const burst = (await records()).find(
    (record) => record.attributes["pyisolate.denial.count"] === 2,
  );
  expect(burst?.spanContext).toEqual(spans[1]?.spanContext());
});

test("a logger that throws costs the record and nothing else", async () => {
  const { meterProvider, cumulative } = realSdk();
  const loggerProvider = {
    getLogger: () => ({
      enabled: () => true,
      emit: () => {
        throw new Error("logger");
      },
    }),
  };
  await using denials = createDenialRecorder({ meterProvider, loggerProvider });
  denials.record(aDenial());
  await denials.flush();
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { emit_failed: 1 }, pending: 0 });
  expect(await cumulative.sum("pyisolate.denials")).toBe(1);
});

test("a meter that throws costs no count", async () => {
  const { meterProvider, cumulative } = realSdk();
  await using denials = createDenialRecorder({
    meterProvider: {
      getMeter: () => {
        throw new Error("meter");
      },
    },
  });
  denials.record(aDenial());
  await denials.flush();
  denials.setMeterProvider(meterProvider);
  expect(await cumulative.sum("pyisolate.denials")).toBe(1);
});

test("a counter that throws now and then costs no count", async () => {
  const { meterProvider, cumulative } = realSdk();
  const meter = meterProvider.getMeter("flaky");
  let calls = 0;
  const flaky = new Proxy(meter, {
    get(target, key) {
      if (key !== "createCounter") return Reflect.get(target, key) as unknown;
      return (...args: Parameters<typeof meter.createCounter>) => {
        const counter = target.createCounter(...args);
        return {
          add(...values: Parameters<typeof counter.add>) {
            calls += 1;
            if (values[0] > 0 && calls % 2 === 0) throw new Error("counter");
            counter.add(...values);
          },
        };
      };
    },
  });
  await using denials = createDenialRecorder({ meterProvider: { getMeter: () => flaky } });
  for (let turn = 0; turn < 20; turn++) {
    denials.record(aDenial({ policyRule: `r${turn % 3}` }));
    await aTurn();
  }
  for (let retry = 0; retry < 10; retry++) await cumulative.collect();
  expect(await cumulative.sum("pyisolate.denials")).toBe(20);
  expect(await cumulative.sum("pyisolate.denial.events")).toBe(20);
});

test("an exporter that hangs delays nobody and is not waited for at the end", async () => {
  const { meterProvider, cumulative } = realSdk();
  const loggerProvider = new LoggerProvider({
    processors: [
      new BatchLogRecordProcessor({
        exporter: {
          export: () => {},
          shutdown: async () => {},
          forceFlush: async () => await never(),
        },
      }),
    ],
  });
  const denials = createDenialRecorder({
    meterProvider,
    loggerProvider,
    ringSize: 600,
    shutdownTimeoutMillis: 100,
  });
  for (const cell of ["a", "b", "c", "d"]) {
    for (let seq = 1; seq <= 2500; seq++) denials.record(aDenial({ cell, seq }));
    await aTurn();
  }
  expect(await cumulative.sum("pyisolate.denials")).toBe(10_000);
  await denials.shutdown();
  const { denied, emitted, coalesced, dropped, pending } = denials.ledger();
  expect(pending).toBe(0);
  expect(dropped.shutdown).toBeGreaterThan(0);
  expect(emitted + coalesced + sumOf(Object.values(dropped))).toBe(denied);
}, 20_000);

test("after shutdown a denial is counted and has no record", async () => {
  const { meterProvider, loggerProvider, cumulative, records } = realSdk();
  const denials = createDenialRecorder({ meterProvider, loggerProvider });
  denials.record(aDenial());
  await Promise.all([denials.shutdown(), denials.shutdown()]);
  denials.record(aDenial());
  denials.allowed("network");
  denials.closed({ cell: "tenant-a", denials: 2, allowed: 0, cause: "closed" });
  await denials.shutdown();
  expect(await records()).toHaveLength(1);
  expect(await cumulative.sum("pyisolate.denials")).toBe(2);
  expect(denials.ledger()).toMatchObject({ denied: 2, emitted: 1, dropped: { shutdown: 1 } });
});

test("what is no denial event is counted as invalid and thrown at nobody", async () => {
  await using denials = createDenialRecorder();
  const getters = new Proxy(aDenial(), {
    get: () => {
      throw new Error("getter");
    },
  });
  for (const event of [undefined, {}, { cell: "x" }, getters]) denials.record(event as DenialEvent);
  denials.record(new DenialEvent({ ...aDenial(), capability: "\u0000" as "network" }));
  denials.allowed("nothing" as "network");
  denials.closed(undefined as never);
  expect(denials.ledger()).toMatchObject({ denied: 5, dropped: { invalid: 5 }, pending: 0 });
});

test("what is no denial event is in the counter of events too, so that the two agree", async () => {
  const { meterProvider, cumulative } = realSdk();
  await using denials = createDenialRecorder({ meterProvider });
  for (const event of [undefined, {}, { ...aDenial(), capability: "x" }]) {
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

test("a burst of what cannot be read is lost, and told, and takes nothing else with it", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider, recordsPerSecond: 1 });
  const hostile = { ...aDenial({ cell: "hostile" }), seq: Symbol("seq") } as unknown as DenialEvent;
  for (let n = 0; n < 5; n++) denials.record(hostile);
  denials.record(aDenial());
  await denials.flush();
  expect(denials.ledger("hostile").pending).toBe(0);
  expect(denials.ledger("hostile").dropped.emit_failed).toBeGreaterThanOrEqual(4);
  expect((await records()).map(({ attributes }) => attributes["pyisolate.cell"])).toContain(
    "tenant-a",
  );
});

test("a cell's end is told after its denials, with its ledger", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider, ringSize: 2 });
  for (let seq = 1; seq <= 3; seq++) denials.record(aDenial({ seq }));
  denials.closed({ cell: "tenant-a", denials: 3, allowed: 9, cause: "limit" });
  await denials.flush();
  const all = await records();
  expect(all.map((record) => record.eventName)).toEqual([
    "pyisolate.denial",
    "pyisolate.denial",
    "pyisolate.cell.closed",
  ]);
  expect(all.at(-1)?.attributes).toEqual({
    "pyisolate.cell": "tenant-a",
    "pyisolate.closed.cause": "limit",
    "pyisolate.closed.denials": 3,
    "pyisolate.closed.allowed": 9,
    "pyisolate.ledger.denied": 3,
    "pyisolate.ledger.emitted": 2,
    "pyisolate.ledger.coalesced": 1,
    "pyisolate.ledger.dropped": 0,
    "pyisolate.ledger.pending": 0,
  });
});

test("a name that is used twice has two ends, each with its own ledger", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider });
  const totals = { cell: "tenant-a", denials: 1, allowed: 0, cause: "closed" } as const;
  for (const life of [1, 2]) {
    for (let seq = 0; seq < life; seq++) denials.record(aDenial());
    denials.closed({ ...totals, denials: life });
    await denials.flush();
  }
  const ends = (await records()).filter((record) => record.eventName === "pyisolate.cell.closed");
  expect(ends.map((end) => end.attributes["pyisolate.ledger.denied"])).toEqual([1, 2]);
  expect(denials.ledger("tenant-a").denied).toBe(3);
});

test("a noisy cell starves none: the others' records are all there", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider });
  for (let seq = 1; seq <= 20_000; seq++) {
    denials.record(aDenial({ cell: "noisy", seq, target: `/${seq}` }));
    if (seq % 200 === 0) denials.record(aDenial({ cell: "quiet" }));
  }
  await denials.flush();
  const quiet = (await records()).filter(
    (record) => record.attributes["pyisolate.cell"] === "quiet",
  );
  expect(quiet).toHaveLength(100);
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
] as const)("%s refuses what is none", async (method, message) => {
  await using denials = createDenialRecorder();
  for (const provider of [undefined, null, {}, Promise.resolve({})]) {
    expect(() => denials[method](provider as never)).toThrow(TypeError);
    expect(() => denials[method](provider as never)).toThrow(message);
  }
});

async function never(): Promise<void> {
  await new Promise(() => {});
}
