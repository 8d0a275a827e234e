import type { LoggerProvider, LogRecord } from "@opentelemetry/api";
import { expect, test, vi } from "vitest";

import { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import { linkExporter } from "../provider-link.ts";
import { createDenialRecorder } from "../recorder.ts";
import { BatchReceipts } from "../sdk/delivery/batch-receipts.ts";
import { ExporterStatus } from "../sdk/delivery/exporter-status.ts";
import { aDenial } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";

test("a record in the stream says what was dropped, once a window, and adds up", async () => {
  const { loggerProvider, records } = realSdk();
  await using denials = createDenialRecorder({ loggerProvider, ringSize: 1 });
  const flood = () => {
    for (let cell = 0; cell < 3000; cell++) denials.record(aDenial({ cell: `c${cell % 2000}` }));
    denials.record({} as never);
  };
  const told = async () =>
    (await records()).filter(({ eventName }) => eventName === "pyisolate.records.dropped");
  const start = performance.now();
  flood();
  flood();
  await vi.waitFor(
    async () => {
      expect(await told()).not.toEqual([]);
    },
    { timeout: 10_000 },
  );
  flood();
  await denials.shutdown();
  const all = await told();
  // One for each second that has ended, and one at the end.
  const windows = Math.floor((performance.now() - start) / 1000);
  expect(all.length).toBeGreaterThan(1);
  expect(all.length).toBeLessThanOrEqual(windows + 1);
  const sum = (name: string) =>
    all.reduce((total, record) => total + Number(record.attributes[name]), 0);
  const { dropped } = denials.ledger();
  expect(sum("pyisolate.dropped.ring_full")).toBe(dropped.ring_full);
  expect(sum("pyisolate.dropped.invalid")).toBe(3);
  expect(sum("pyisolate.dropped.total")).toBe((dropped.ring_full ?? 0) + 3);
});

test("a record of what was dropped that is lost itself is emitted again", async () => {
  const status = new ExporterStatus();
  const told: LogRecord[] = [];
  let lost = 0;
  const loggerProvider: LoggerProvider = {
    getLogger: () => ({
      enabled: () => true,
      emit: (record) => {
        const receipts = new BatchReceipts();
        receipts.add(DeliveryReceipt.take(record.context));
        const isTold = record.eventName === "pyisolate.records.dropped";
        if (isTold && lost > 0) {
          told.push(record);
          status.exported(receipts);
        } else {
          if (isTold) lost += 1;
          status.lost(receipts, "queue_full");
        }
      },
    }),
  };
  linkExporter(loggerProvider, status);
  await using denials = createDenialRecorder({ loggerProvider });
  for (let n = 0; n < 3; n++) denials.record(aDenial());
  await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1);
  expect(lost).toBe(1);
  expect(told[0]?.attributes).toMatchObject({ "pyisolate.dropped.queue_full": 3 });
  expect(denials.ledger()).toMatchObject({ denied: 3, dropped: { queue_full: 3 } });
});
