import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

import type { DeliveryReceipt } from "../../ledger/delivery-receipt.ts";
import { BatchReceipts } from "../delivery/batch-receipts.ts";

/** A record and its receipt, from the logger until it is sent or written to the spool. */
export interface Emitted {
  readonly record: ReadableLogRecord;
  readonly receipt: DeliveryReceipt | undefined;
}

/** The records as a request has them, which groups them by scope: their receipts have to be in the same order. */
export function inSentOrder(emitted: Emitted[]): Emitted[] {
  const groups = Map.groupBy(emitted, ({ record: { instrumentationScope: scope } }) =>
    JSON.stringify([scope.name, scope.version, scope.schemaUrl]),
  );
  return groups.size === 1 ? emitted : [...groups.values()].flat();
}

export function recordsOf(emitted: readonly Emitted[]): ReadableLogRecord[] {
  return emitted.map(({ record }) => record);
}

export function receiptsOf(emitted: readonly Emitted[]): BatchReceipts {
  const receipts = new BatchReceipts();
  for (const { receipt } of emitted) receipts.add(receipt);
  return receipts;
}
