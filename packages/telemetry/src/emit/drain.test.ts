import type { LogRecord } from "@opentelemetry/api";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { expect, onTestFinished, test, vi } from "vitest";

import { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import { linkExporter } from "../provider-link.ts";
import { createDenialRecorder } from "../recorder.ts";
import { BatchReceipts } from "../sdk/delivery/batch-receipts.ts";
import { ExporterStatus } from "../sdk/delivery/exporter-status.ts";
import { aDenial, aTurn } from "../testing/denials.ts";
import { realSdk, sumOf } from "../testing/sdk-double.ts";

/** A logger whose records are delivered only when the test says so. */
function stuckLogger() {
  const status = new ExporterStatus();
  const outage = Promise.withResolvers<undefined>();
  const receipts = new BatchReceipts();
  const provider = {
    getLogger: () => ({
      enabled: () => true,
      emit: (record: LogRecord) => {
        receipts.add(DeliveryReceipt.take(record.context));
      },
    }),
    forceFlush: async () => {},
  };
  linkExporter(provider, {
    get state() {
      return status.state;
    },
    room: async () => await outage.promise,
  });
  return {
    provider,
    receipts,
    recover: () => {
      outage.resolve(undefined);
    },
    arrive: () => {
      status.exported(receipts);
    },
  };
}

test("in an outage of any length denials coalesce, and none is lost for want of room", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { provider, receipts, recover, arrive } = stuckLogger();
  const denials = createDenialRecorder({ loggerProvider: provider, recordsPerSecond: 1000 });
  const cells = Array.from({ length: 10 }, (_, cell) => `tenant-${cell}`);
  for (let minute = 0; minute < 10; minute++) {
    for (const cell of cells) for (let n = 0; n < 200; n++) denials.record(aDenial({ cell }));
    for (let turn = 0; turn < 20; turn++) await aTurn();
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(receipts.records).toBeLessThan(1024);
  expect(denials.ledger()).toMatchObject({
    denied: 20_000,
    emitted: 0,
    dropped: {},
    pending: 20_000,
  });
  recover();
  await denials.flush();
  arrive();
  const { emitted, coalesced, dropped } = denials.ledger();
  expect(dropped).toEqual({});
  expect(emitted + coalesced).toBe(20_000);
  // As many as the ring holds, and a few for all that came after.
  expect(emitted).toBeLessThan(6000);
  await denials.shutdown();
});

test("a recorder that ends in an outage waits for room no longer, and says what it gave up", async () => {
  const { provider, receipts } = stuckLogger();
  const denials = createDenialRecorder({ loggerProvider: provider, shutdownTimeoutMillis: 50 });
  for (let n = 0; n < 2000; n++) denials.record(aDenial({ cell: `tenant-${n}` }));
  await denials.shutdown();
  const { dropped, pending } = denials.ledger();
  // One of them is the record that says what was dropped.
  expect(pending).toBe(receipts.records - 1);
  expect(dropped).toEqual({ shutdown: 2000 - pending });
});

test("an exporter that hangs delays no denial and is not waited for at the end", async () => {
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

async function never(): Promise<void> {
  await new Promise(() => {});
}
