import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import type { DenialEvent } from "@pyisolate/policy";
import { afterEach, expect, test } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { aDenial, aTurn } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

afterEach(() => {
  context.disable();
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

test("a burst whose events cannot be read is counted as dropped, and costs no other record", async () => {
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

test("the record of a scan's burst has a bounded sample of its targets", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider, recordsPerSecond: 1 });
  for (let port = 0; port < 1000; port++) {
    denials.record(aDenial({ target: `/scan/${port}/${"x".repeat(900)}` }));
  }
  await denials.flush();
  const burst = (await records()).find(
    ({ attributes }) => attributes["pyisolate.denial.count"] === 999,
  );
  const targets = burst?.attributes["pyisolate.denial.targets"] as string[];
  expect(targets.length).toBeGreaterThan(1);
  expect(targets.length).toBeLessThanOrEqual(8);
  for (const target of targets) expect(target).toMatch(/^\/scan\/\d+\/x{200,250}…$/);
});
