import type { LogRecord } from "@opentelemetry/api";
import { expect, test, vi } from "vitest";

import { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import { linkExporter } from "../provider-link.ts";
import { createDenialRecorder } from "../recorder.ts";
import { ExporterStatus } from "../sdk/delivery/exporter-status.ts";
import { aDenial, aTurn } from "../testing/denials.ts";
import { realSdk } from "../testing/sdk-double.ts";
import { LoggerBinding } from "./logger-binding.ts";

test("with no SDK the ledger works, and records that no logger wants are disabled", async () => {
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  expect(denials.ledger()).toMatchObject({ denied: 1, pending: 1 });
  await aTurn();
  expect(denials.ledger()).toMatchObject({ denied: 1, dropped: { disabled: 1 }, pending: 0 });
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

test("a logger whose promise rejects ends no process, and is told once", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const emit = async (): Promise<void> => await Promise.reject(new Error("no\u001bdisk"));
  const loggerProvider = { getLogger: () => ({ enabled: () => true, emit }) };
  await using denials = createDenialRecorder({ loggerProvider });
  for (let n = 0; n < 3; n += 1) denials.record(aDenial());
  await denials.flush();
  await aTurn();
  expect(unhandled).toEqual([]);
  expect(warnings.mock.calls.map(([text]) => text)).toEqual([
    expect.stringMatching(/^a logger's emit gave a promise that rejected \(no\\u\{1b\}disk\)/),
  ]);
  warnings.mockRestore();
  process.off("unhandledRejection", onUnhandled);
});

/** A binding to a provider that settles receipts, with a logger that does this with a record. */
function boundTo(emit: (record: LogRecord) => void) {
  const provider = { getLogger: () => ({ enabled: () => true, emit }) };
  linkExporter(provider, new ExporterStatus());
  return new LoggerBinding(provider);
}

test("a record has been taken if its receipt has, and only then", () => {
  const receipt = new DeliveryReceipt({ settle: () => {} }, 3);
  let taken: unknown;
  const taking = boundTo(({ context }) => {
    taken = DeliveryReceipt.take(context);
  });
  expect(taking.emit({}, receipt)).toBe(true);
  expect(taken).toBe(receipt);
  expect(boundTo(() => {}).emit({}, new DeliveryReceipt({ settle: () => {} }, 3))).toBe(false);
});

test("a logger that throws loses the receipt, unless the record is on its way already", () => {
  const receipt = new DeliveryReceipt({ settle: () => {} }, 1);
  const fail = () => {
    throw new Error("no");
  };
  expect(() => boundTo(fail).emit({}, receipt)).toThrow("no");
  const takeAndFail = ({ context }: LogRecord) => {
    DeliveryReceipt.take(context);
    fail();
  };
  expect(boundTo(takeAndFail).emit({}, receipt)).toBe(true);
});
