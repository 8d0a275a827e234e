import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

import type { LossReason } from "../../semconv.ts";
import type { RetryingTransport, Delivery } from "../otlp/retrying-transport.ts";
import { BatchReceipts } from "../delivery/batch-receipts.ts";
import { mergedRequest } from "../spool/jsonl.ts";
import type { SpoolBatch } from "../spool/spool-batch.ts";

/** Who accounts for records once a logger has taken them. */
export interface ExportListener {
  exported(receipts: BatchReceipts): void;
  lost(receipts: BatchReceipts, reason: LossReason): void;
}

/** Sends records, and tells what became of each. Nothing on it rejects. */
export class LogExporter {
  readonly #transport: RetryingTransport;
  readonly #status: ExportListener;

  constructor(transport: RetryingTransport, status: ExportListener) {
    this.#transport = transport;
    this.#status = status;
  }

  /** Records that are in memory only: given up, they are lost. */
  async send(records: ReadableLogRecord[], receipts: BatchReceipts): Promise<void> {
    let request: Uint8Array;
    try {
      request = requestOf(records);
    } catch {
      this.#status.lost(receipts, "export_failed");
      return;
    }
    this.#settle(receipts, await this.#transport.deliver(request));
  }

  /** Requests that are on disk: given up, they stay there. */
  async sendBatch(batch: SpoolBatch): Promise<void> {
    const delivery = await this.#transport.deliver(mergedRequest(batch.requests));
    if (delivery.kind === "given_up") return;
    if (delivery.kind === "refused" && batch.requests.length > 1) {
      await this.#sendSingly(batch);
    } else {
      const all = new BatchReceipts();
      for (const receipts of batch.receiptsByLine) all.append(receipts);
      this.#settle(all, delivery);
      batch.done();
    }
  }

  /** One request spoils all that go with it; apart from it they may be taken. */
  async #sendSingly(batch: SpoolBatch): Promise<void> {
    for (const [index, request] of batch.requests.entries()) {
      const delivery = await this.#transport.deliver(request);
      if (delivery.kind === "given_up") return;
      const receipts = batch.receiptsByLine[index];
      if (receipts === undefined) continue;
      // Off it: should the rest have to be sent again, these go with it, and are settled.
      const part = receipts.takeLast(receipts.records);
      batch.settled(part.records);
      this.#settle(part, delivery);
    }
    batch.done();
  }

  /** Gives up what is under way, and takes no more. */
  close(): void {
    this.#transport.close();
  }

  #settle(receipts: BatchReceipts, delivery: Delivery): void {
    switch (delivery.kind) {
      case "accepted": {
        const rejected = receipts.takeLast(rejectedIn(delivery.body));
        this.#status.exported(receipts);
        this.#status.lost(rejected, "refused");
        return;
      }
      case "refused":
        this.#status.lost(receipts, "refused");
        return;
      case "given_up":
        this.#status.lost(receipts, "shutdown");
    }
  }
}

/** @throws where they have no OTLP form. */
export function requestOf(records: ReadableLogRecord[]): Uint8Array {
  const request = JsonLogsSerializer.serializeRequest(records);
  if (request === undefined) throw new TypeError("these records have no OTLP form");
  return request;
}

/** Records that the far end says it has refused out of a request that it took. */
function rejectedIn(answer: Buffer): number {
  if (answer.length <= 2) return 0;
  try {
    const { partialSuccess } = JsonLogsSerializer.deserializeResponse(answer);
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
