import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";

import type { LossReason } from "../../semconv.ts";
import { BatchReceipts } from "../delivery/batch-receipts.ts";
import type { HttpResponse } from "../otlp/http-transport.ts";
import type { RetryingTransport } from "../otlp/retrying-transport.ts";
import { mergedRequest } from "../spool/jsonl.ts";
import type { SpoolBatch } from "../spool/spool-batch.ts";

/** Learns what became of each batch. */
export interface ExportListener {
  exported(receipts: BatchReceipts): void;
  lost(receipts: BatchReceipts, reason: LossReason): void;
}

/** Serializes and sends records, and settles their receipts. No method rejects. */
export class LogExporter {
  readonly #transport: RetryingTransport;
  readonly #status: ExportListener;

  constructor(transport: RetryingTransport, status: ExportListener) {
    this.#transport = transport;
    this.#status = status;
  }

  /** Sends records that are in memory only: given up, they are lost. */
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

  /** Sends requests that are in the spool: given up, they stay there. */
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

  /** Sends the requests one by one: the server refuses all of them for a single bad one. */
  async #sendSingly(batch: SpoolBatch): Promise<void> {
    for (const [index, request] of batch.requests.entries()) {
      const response = await this.#send(request);
      if (response.status === "retryable") return;
      const receipts = batch.receiptsByLine[index];
      if (receipts === undefined) continue;
      // Taken out of the segment's receipts: if the rest is given up, the whole segment is sent again, and these records
      // must not be counted twice.
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

/** @throws if the records cannot be serialized as OTLP. */
export function requestOf(records: ReadableLogRecord[]): Uint8Array {
  const request = JsonLogsSerializer.serializeRequest(records);
  if (request === undefined) throw new TypeError("these records have no OTLP form");
  return request;
}

/** How many records the server refused of a request that it took, as its answer says. */
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
