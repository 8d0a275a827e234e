import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableLogRecord } from "@opentelemetry/sdk-logs";
import { cleanText } from "@pyisolate/policy/events";

import type { LossReason } from "../../semconv.ts";
import type { BatchReceipts } from "../delivery/batch-receipts.ts";
import type { RetryingTransport } from "../otlp/retrying-transport.ts";
import { mergedRequest, type RequestPart } from "../spool/jsonl.ts";
import type { SpoolBatch } from "../spool/spool-batch.ts";
import { PartedRequest, type FinalAnswer } from "./parted-request.ts";
import type { RefusedKeeper } from "./refused-records.ts";
import { RequestSize } from "./request-size.ts";

/** Learns what became of each batch. */
export interface ExportListener {
  exported(receipts: BatchReceipts): void;
  /** @param why What the server said, if it said something. */
  lost(receipts: BatchReceipts, reason: LossReason, why?: string): void;
}

/** Longest answer that is kept with refused records, UTF-16 code units. */
const MAX_ANSWER = 300;

/** Records under way: their receipts, of which those of settled ones are taken out. */
export type UnderWay = Pick<SpoolBatch, "receipts" | "settled">;

/**
 * Serializes and sends records, and settles their receipts. A request that the server refuses is halved until the record that
 * it is refused for stands alone. No method rejects.
 */
export class LogExporter {
  readonly #transport: RetryingTransport;
  readonly #status: ExportListener;
  readonly #refused: RefusedKeeper;
  readonly #size = new RequestSize();

  constructor(transport: RetryingTransport, status: ExportListener, refused: RefusedKeeper) {
    this.#transport = transport;
    this.#status = status;
    this.#refused = refused;
  }

  /**
   * Sends records that are in memory only.
   *
   * @param records in the order in which {@link requestOf} writes them.
   * @returns false if they were given up. Then the receipts that are left are those of the last records.
   */
  async send(records: ReadableLogRecord[], underWay: UnderWay): Promise<boolean> {
    let request: Buffer;
    try {
      request = Buffer.from(requestOf(records));
    } catch {
      const receipts = underWay.receipts.takeFirst(records.length);
      underWay.settled(receipts.records);
      this.#status.lost(receipts, "export_failed");
      return true;
    }
    return await this.#deliver({ request, records: records.length }, underWay);
  }

  /** Sends requests that are in the spool. @returns false if they were given up: they stay there. */
  async sendBatch(batch: SpoolBatch): Promise<boolean> {
    const request = mergedRequest(batch.requests);
    const isDone = await this.#deliver({ request, records: batch.receipts.records }, batch);
    if (isDone) batch.done();
    return isDone;
  }

  /** Gives up what is under way, and takes no more. */
  close(): void {
    this.#transport.shutdown();
  }

  async #deliver(whole: RequestPart, underWay: UnderWay): Promise<boolean> {
    const settle = (part: RequestPart, answer: FinalAnswer) => {
      const receipts = underWay.receipts.takeFirst(part.records);
      underWay.settled(receipts.records);
      this.#settle(part, receipts, answer);
    };
    return await new PartedRequest(this.#transport, this.#size, settle).send(whole);
  }

  #settle({ request, records }: RequestPart, receipts: BatchReceipts, answer: FinalAnswer): void {
    const { rejected, said } =
      answer.status === "success"
        ? rejectionOf(answer.data)
        : { rejected: Math.max(records, 1), said: answer.error.message };
    const refused = receipts.takeLast(rejected);
    this.#status.exported(receipts);
    if (rejected === 0) return;
    const why = cleanText(said, MAX_ANSWER);
    const time = new Date().toISOString();
    this.#refused.keep({ time, answer: why, records, rejected, request });
    this.#status.lost(refused, "refused", why);
  }
}

/** @throws if the records cannot be serialized as OTLP. */
export function requestOf(records: ReadableLogRecord[]): Uint8Array {
  const request = JsonLogsSerializer.serializeRequest(records);
  if (request === undefined) throw new TypeError("these records have no OTLP form");
  return request;
}

/** How many records the server refused of a request that it took, and why, as its answer says. */
function rejectionOf(answer: Uint8Array | undefined): { rejected: number; said: string } {
  const nothing = { rejected: 0, said: "" };
  if (answer === undefined || answer.length <= 2) return nothing;
  try {
    const { partialSuccess } = JsonLogsSerializer.deserializeResponse(answer);
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    if (!(rejected > 0)) return nothing;
    return { rejected, said: `the server took a part: ${partialSuccess?.errorMessage ?? ""}` };
  } catch {
    return nothing;
  }
}
