import type { LogRecord } from "@opentelemetry/api";
import { expect, test } from "vitest";

import { HealthMonitor, worstOf } from "./health.ts";
import { DeliveryReceipt } from "./ledger/delivery-receipt.ts";
import { linkExporter } from "./provider-link.ts";
import { createDenialRecorder } from "./recorder.ts";
import { BatchReceipts } from "./sdk/delivery/batch-receipts.ts";
import { ExporterStatus } from "./sdk/delivery/exporter-status.ts";
import { aDenial } from "./testing/denials.ts";
import { realSdk } from "./testing/sdk-double.ts";

const FINE = {
  deaf: undefined,
  failing: undefined,
  pending: 0,
  lost: 0,
  lastLoss: undefined,
  spoolFailing: undefined,
};

test("a failing exporter is degraded, and after a minute blind", () => {
  const monitor = new HealthMonitor();
  const failing = { since: 1000, why: "ECONNREFUSED" };
  expect(monitor.read(FINE, 500).state).toBe("exporting");
  expect(monitor.read({ ...FINE, failing, pending: 3 }, 2000)).toEqual({
    state: "degraded",
    since: 1000,
    why: "ECONNREFUSED",
    pending: 3,
    lost: 0,
  });
  expect(monitor.read({ ...FINE, failing }, 61_000)).toMatchObject({ state: "blind", since: 1000 });
  expect(monitor.read(FINE, 62_000)).toMatchObject({
    state: "exporting",
    since: 62_000,
    why: undefined,
  });
});

test("a loss is degraded for a minute", () => {
  const monitor = new HealthMonitor();
  expect(monitor.read({ ...FINE, lost: 5 }, 1000)).toMatchObject({
    state: "degraded",
    since: 1000,
  });
  expect(monitor.read({ ...FINE, lost: 5 }, 60_000)).toMatchObject({
    state: "degraded",
    since: 1000,
  });
  expect(monitor.read({ ...FINE, lost: 5 }, 61_000)).toMatchObject({ state: "exporting", lost: 5 });
});

test("a spool that fails is degraded, however long, as records are delivered all the same", () => {
  const monitor = new HealthMonitor();
  const spoolFailing = { since: 1000, why: "spool: EROFS" };
  expect(monitor.read({ ...FINE, spoolFailing }, 600_000)).toMatchObject({
    state: "degraded",
    since: 1000,
    why: "spool: EROFS",
  });
});

test("a loss says why, if that is known", () => {
  const monitor = new HealthMonitor();
  const loss = { ...FINE, lost: 5, lastLoss: "refused: the server answered 413" };
  expect(monitor.read(loss, 1000)).toMatchObject({
    state: "degraded",
    why: "records were lost within the last minute (refused: the server answered 413)",
  });
});

test("a clock that is set back makes no loss last", () => {
  const monitor = new HealthMonitor();
  expect(monitor.read({ ...FINE, lost: 5 }, 9_000_000)).toMatchObject({ state: "degraded" });
  expect(monitor.read({ ...FINE, lost: 5 }, 1_000_000)).toMatchObject({ state: "exporting" });
});

test("of several the worst counts, with all that is pending and lost", () => {
  const health = { since: 0, why: undefined, pending: 1, lost: 2, policy: undefined };
  expect(worstOf([])).toBeUndefined();
  expect(
    worstOf([
      { ...health, state: "exporting" },
      { ...health, state: "blind", since: 9 },
    ]),
  ).toEqual({ state: "blind", since: 9, why: undefined, pending: 2, lost: 4 });
});

test("policy files that are not in force do not change the state of delivery, and the oldest is named", async () => {
  const denials = createDenialRecorder();
  const { state } = denials.health();
  expect(denials.health().policy).toBeUndefined();
  denials.policyFile("/etc/new.yaml", { since: 20, why: "it has 1 mistake" });
  denials.policyFile("/etc/o\u202eld.yaml", { since: 10, why: "it is gone" });
  expect(denials.health()).toMatchObject({
    state,
    policy: { since: 10, why: String.raw`the policy file /etc/o\u{202e}ld.yaml: it is gone` },
  });
  const [one, other] = [denials.health(), { ...denials.health(), policy: undefined }];
  expect(worstOf([other, one])?.policy).toEqual(one.policy);
  denials.policyFile("/etc/o\u202eld.yaml", undefined);
  expect(denials.health().policy).toMatchObject({ since: 20 });
  denials.policyFile("/etc/new.yaml", undefined);
  expect(denials.health().policy).toBeUndefined();
  for (let each = 0; each < 1000; each++)
    denials.policyFile(`/${each}`, { since: each, why: "gone" });
  denials.policyFile(7 as never, null as never);
  expect(denials.health().policy).toMatchObject({ since: 0 });
  await denials.shutdown();
});

test("a recorder without a logger says that it is blind, and why", async () => {
  const denials = createDenialRecorder();
  expect(denials.health()).toMatchObject({
    state: "blind",
    why: "no logger wants denials: no provider, or its configuration says no",
  });
  await denials.shutdown();
  expect(denials.health()).toMatchObject({ why: "the recorder has been shut down" });
});

/** A logger whose records go to a server, one batch of receipts for all that was emitted since the last. */
function watchedLogger() {
  const status = new ExporterStatus();
  let receipts = new BatchReceipts();
  const provider = {
    getLogger: () => ({
      enabled: () => true,
      emit: (record: LogRecord) => {
        receipts.add(DeliveryReceipt.take(record.context));
      },
    }),
  };
  linkExporter(provider, status);
  const sent = () => {
    const all = receipts;
    receipts = new BatchReceipts();
    return all;
  };
  return { status, provider, sent };
}

test("a record is pending until it has arrived or is lost, and the loss is in ledger, metric and health", async () => {
  const { meterProvider, cumulative } = realSdk();
  const { status, provider, sent } = watchedLogger();
  await using denials = createDenialRecorder({ meterProvider, loggerProvider: provider });
  for (let n = 0; n < 3; n++) denials.record(aDenial());
  await denials.flush();
  expect(denials.ledger()).toMatchObject({ denied: 3, emitted: 0, pending: 3 });
  expect(denials.health()).toMatchObject({ state: "exporting", why: undefined, pending: 3 });
  status.failing(new Error("503"));
  expect(denials.health()).toMatchObject({ state: "degraded", why: "503" });
  status.recovered();
  const all = sent();
  const lost = all.takeLast(2);
  status.exported(all);
  status.lost(lost, "refused");
  const points = await cumulative.points("pyisolate.denial.records");
  expect(points.get("emitted")).toBe(1);
  expect(points.get("dropped refused")).toBe(2);
  expect(points.get("dropped export_failed")).toBe(0);
  const settled = { denied: 3, emitted: 1, dropped: { refused: 2 }, pending: 0 };
  expect(denials.ledger()).toMatchObject(settled);
  expect(denials.ledger("tenant-a")).toMatchObject(settled);
  expect(denials.health()).toMatchObject({ state: "degraded", lost: 2 });
});

test("the gauges show the worst state and all that is pending of the recorders on a provider", async () => {
  const { meterProvider, loggerProvider, cumulative } = realSdk();
  const { status, provider } = watchedLogger();
  await using waiting = createDenialRecorder({ meterProvider, loggerProvider: provider });
  await using fine = createDenialRecorder({ meterProvider, loggerProvider });
  waiting.record(aDenial());
  fine.record(aDenial());
  await fine.flush();
  await waiting.flush();
  expect(await cumulative.sum("pyisolate.telemetry.queue.size")).toBe(1);
  expect(await cumulative.points("pyisolate.telemetry.state")).toEqual(
    new Map([
      ["exporting", 1],
      ["degraded", 0],
      ["blind", 0],
    ]),
  );
  status.failing(new Error("503"));
  const points = await cumulative.points("pyisolate.telemetry.state");
  expect([points.get("exporting"), points.get("degraded")]).toEqual([0, 1]);
});

test("the gauges of a recorder that has ended stay until it is known what became of everything", async () => {
  const { meterProvider, cumulative } = realSdk();
  const { status, provider, sent } = watchedLogger();
  const denials = createDenialRecorder({
    meterProvider,
    loggerProvider: provider,
    shutdownTimeoutMillis: 20,
  });
  denials.record(aDenial());
  await denials.shutdown();
  expect(await cumulative.points("pyisolate.telemetry.queue.size")).toEqual(new Map([["", 1]]));
  expect((await cumulative.points("pyisolate.telemetry.state")).get("blind")).toBe(0);
  status.lost(sent(), "shutdown");
  const all = await cumulative.all();
  expect(all.get("pyisolate.denial.records")?.get("dropped shutdown")).toBe(1);
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { shutdown: 1 }, pending: 0 });
});

test("what is pending is shown by one provider: the last, when they are swapped", async () => {
  const [old, next] = [realSdk(), realSdk()];
  const { provider } = watchedLogger();
  const denials = createDenialRecorder({
    meterProvider: old.meterProvider,
    loggerProvider: provider,
    shutdownTimeoutMillis: 20,
  });
  denials.record(aDenial());
  expect(await old.cumulative.sum("pyisolate.telemetry.queue.size")).toBe(1);
  denials.setMeterProvider(next.meterProvider);
  for (let n = 0; n < 2; n++) {
    expect(await old.cumulative.sum("pyisolate.telemetry.queue.size")).toBe(0);
    expect(await next.cumulative.sum("pyisolate.telemetry.queue.size")).toBe(1);
  }
  await denials.shutdown();
});

test("an exporter of counts that fails is degraded too", () => {
  const { meterProvider, loggerProvider } = realSdk();
  const counts = new ExporterStatus({ what: "counts: " });
  linkExporter(meterProvider, counts);
  const denials = createDenialRecorder({ meterProvider, loggerProvider });
  counts.failing(new Error("ECONNREFUSED"));
  expect(denials.health()).toMatchObject({ state: "degraded", why: "counts: ECONNREFUSED" });
});
