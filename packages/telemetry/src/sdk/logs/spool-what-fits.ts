import type { LossReason } from "../../semconv.ts";
import { BatchReceipts } from "../delivery/batch-receipts.ts";
import type { Emitted } from "./emitted-record.ts";

/**
 * Writes as many of the records as there is room for: all at once, or else one half after the other.
 *
 * @param receipts of these records.
 * @param write returns why records could not be written; undefined if they were.
 * @returns the receipts of those that were not.
 */
export function spoolWhatFits(
  records: readonly Emitted[],
  receipts: BatchReceipts,
  write: (records: readonly Emitted[], receipts: BatchReceipts) => LossReason | undefined,
): BatchReceipts {
  if (records.length === 0) return receipts;
  const reason = write(records, receipts);
  if (reason === undefined) return new BatchReceipts();
  if (reason === "spool_failed" || records.length === 1) return receipts;
  const middle = Math.ceil(records.length / 2);
  const lost = spoolWhatFits(records.slice(0, middle), receipts.takeFirst(middle), write);
  lost.append(spoolWhatFits(records.slice(middle), receipts, write));
  return lost;
}
