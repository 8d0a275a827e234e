import type { LossReason } from "../../semconv.ts";
import type { BatchReceipts } from "../delivery/batch-receipts.ts";

export interface SpoolSettings {
  readonly directory: string;
  readonly maxBytes: number;
  /** Whether what is written survives a power cut. Default: the process only. */
  readonly sync?: boolean;
}

export interface SpoolListener {
  lost(receipts: BatchReceipts, reason: LossReason): void;
  /** The spool cannot be written, or a file of it cannot be read. */
  spoolFailing(error: unknown): void;
  spoolRecovered(): void;
}
