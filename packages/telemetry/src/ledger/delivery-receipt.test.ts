import { ROOT_CONTEXT } from "@opentelemetry/api";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import { expect, test } from "vitest";

import { DeliveryReceipt } from "./delivery-receipt.ts";

const owner = { settle: () => {} };

test("a receipt goes with the record that is emitted, and with no other", () => {
  const receipt = new DeliveryReceipt(owner, 3);
  const taken: unknown[] = [];
  const logger = new LoggerProvider({
    processors: [
      {
        onEmit: (_record, context) => taken.push(DeliveryReceipt.take(context)),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  }).getLogger("test");
  logger.emit({ body: "other" });
  expect(receipt.taken).toBe(false);
  logger.emit({ body: "this", context: receipt.in(ROOT_CONTEXT) });
  expect(receipt.taken).toBe(true);
  logger.emit({ body: "another" });
  expect(taken).toEqual([undefined, receipt, undefined]);
});

test("a receipt is taken once, by the first processor that asks", () => {
  const context = new DeliveryReceipt(owner, 1).in();
  expect(DeliveryReceipt.take(context)).toBeInstanceOf(DeliveryReceipt);
  expect(DeliveryReceipt.take(context)).toBeUndefined();
  expect(DeliveryReceipt.take(undefined)).toBeUndefined();
});
