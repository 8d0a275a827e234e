import type { BatchReceipts } from "../delivery/batch-receipts.ts";

/** A file's worth of requests to be sent. */
export interface SpoolBatch {
  /** Each an OTLP request in JSON. */
  readonly requests: readonly Buffer[];
  /** One for each request that this process has written: a former one has accounted for its own. */
  readonly receiptsByLine: readonly BatchReceipts[];
  /** It is known what became of so many of its records, though not yet of all. */
  settled(records: number): void;
  /** Everything in it has arrived, or been refused. */
  done(): void;
}
