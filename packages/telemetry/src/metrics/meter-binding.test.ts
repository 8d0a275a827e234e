import { logs, metrics } from "@opentelemetry/api";
import { createAllowListAttributesProcessor } from "@opentelemetry/sdk-metrics";
import { afterEach, expect, test } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial, aTurn } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

afterEach(() => {
  metrics.disable();
  logs.disable();
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
