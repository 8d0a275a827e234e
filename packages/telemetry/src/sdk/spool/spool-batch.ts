import type { BatchReceipts } from "../delivery/batch-receipts.ts";

/** The requests of one segment, to be sent. */
export interface SpoolBatch {
  /** Each an OTLP request in JSON. */
  readonly requests: readonly Buffer[];
  /** The receipts of each request. Empty for an orphan: the process that wrote it has accounted for its records. */
  readonly receiptsByLine: readonly BatchReceipts[];
  /** To be called when so many of its records are delivered or lost, but not yet all. */
  settled(records: number): void;
  /** To be called when all its records are delivered or refused. */
  done(): void;
}
