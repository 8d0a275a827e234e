import { BatchReceipts } from "../sdk/delivery/batch-receipts.ts";

/** The receipts of so many records that belong to no recorder. */
export function someReceipts(records: number): BatchReceipts {
  const receipts = new BatchReceipts();
  for (let n = 0; n < records; n++) receipts.add(undefined);
  return receipts;
}
