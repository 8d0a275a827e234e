import type { BatchReceipts } from "../delivery/batch-receipts.ts";

/** The requests of one segment, to be sent. */
export interface SpoolBatch {
  /** Each an OTLP request in JSON. */
  readonly requests: readonly Buffer[];
  /**
   * The receipts of its records, in their order. Those of records that are settled are taken out, so that no record is counted
   * twice if the rest is given up and all of it is sent again. Empty for an orphan: the process that wrote it has accounted
   * for its records.
   */
  readonly receipts: BatchReceipts;
  /** To be called when so many receipts have been taken out. */
  settled(records: number): void;
  /** To be called when all its records are delivered or refused. */
  done(): void;
}
