import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

import type { LossReason } from "../../semconv.ts";
import type { HttpResponse } from "../otlp/http-transport.ts";
import type { RetryingTransport } from "../otlp/retrying-transport.ts";
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
    this.#settle(receipts, await this.#send(request));
  }

  /** Requests that are on disk: given up, they stay there. */
  async sendBatch(batch: SpoolBatch): Promise<void> {
    const response = await this.#send(mergedRequest(batch.requests));
    if (response.status === "retryable") return;
    if (response.status === "failure" && batch.requests.length > 1) {
      await this.#sendSingly(batch);
    } else {
      const all = new BatchReceipts();
      for (const receipts of batch.receiptsByLine) all.append(receipts);
      this.#settle(all, response);
      batch.done();
    }
  }

  /** One request spoils all that go with it; apart from it they may be taken. */
  async #sendSingly(batch: SpoolBatch): Promise<void> {
    for (const [index, request] of batch.requests.entries()) {
      const response = await this.#send(request);
      if (response.status === "retryable") return;
      const receipts = batch.receiptsByLine[index];
      if (receipts === undefined) continue;
      // Off it: should the rest have to be sent again, these go with it, and are settled.
      const part = receipts.takeLast(receipts.records);
      batch.settled(part.records);
      this.#settle(part, response);
    }
    batch.done();
  }

  /** Gives up what is under way, and takes no more. */
  close(): void {
    this.#transport.shutdown();
  }

  // For as long as it takes: a record is given up only at the end.
  async #send(request: Uint8Array): Promise<HttpResponse> {
    return await this.#transport.send(request, Number.POSITIVE_INFINITY);
  }

  #settle(receipts: BatchReceipts, response: HttpResponse): void {
    switch (response.status) {
      case "success": {
        const rejected = receipts.takeLast(rejectedIn(response.data));
        this.#status.exported(receipts);
        this.#status.lost(rejected, "refused");
        return;
      }
      case "failure":
        this.#status.lost(receipts, "refused");
        return;
      case "retryable":
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
function rejectedIn(answer: Uint8Array | undefined): number {
  if (answer === undefined || answer.length <= 2) return 0;
  try {
    const { partialSuccess } = JsonLogsSerializer.deserializeResponse(answer);
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
