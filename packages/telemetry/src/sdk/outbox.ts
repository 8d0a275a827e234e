import { context } from "@opentelemetry/api";
import { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { LogRecordProcessor, ReadableLogRecord } from "@opentelemetry/sdk-logs";

import type { LossReason } from "../semconv.ts";
import type { Courier, Delivery } from "./courier.ts";
import { UNTRACED } from "./untraced.ts";

/** Who accounts for records once a logger has taken them. */
export interface OutboxWatch {
  exported(count: number): void;
  lost(count: number, reason: LossReason): void;
}

export interface OutboxLimits {
  /** Records held at most. */
  readonly queueSize: number;
  /** Records in one request at most. */
  readonly batchSize: number;
  /** Milliseconds that a record waits for others to go with it. */
  readonly batchDelay: number;
}

/**
 * Holds log records until the far end has taken them, one request at a time, in order, for as long as its memory allows:
 * a record is lost only when the queue is full, when it is refused, or at the end, and every loss is told. The SDK's batch
 * processor gives each batch 30 seconds and its exporter about ten, on timers that keep the process up.
 */
export class Outbox implements LogRecordProcessor {
  readonly #courier: Courier;
  readonly #watch: OutboxWatch;
  readonly #limits: OutboxLimits;
  #queue: ReadableLogRecord[] = [];
  /** In the queue or under way. */
  #held = 0;
  #timer: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #ended = false;

  constructor(courier: Courier, watch: OutboxWatch, limits: OutboxLimits) {
    this.#courier = courier;
    this.#watch = watch;
    this.#limits = limits;
  }

  /** Records that are neither delivered nor lost. */
  get waiting(): number {
    return this.#held;
  }

  onEmit(record: ReadableLogRecord): void {
    if (this.#ended) {
      this.#watch.lost(1, "shutdown");
    } else if (this.#held >= this.#limits.queueSize) {
      this.#watch.lost(1, "queue_full");
    } else {
      this.#queue.push(record);
      this.#held += 1;
      this.#soon();
    }
  }

  /** Resolves when everything emitted so far is delivered or lost, which may be never. */
  async forceFlush(): Promise<void> {
    while (this.#held > 0) await this.#pump();
  }

  /** Gives up what is left, and tells of it as lost. To wait for it, {@link forceFlush} first. */
  async shutdown(): Promise<void> {
    this.#ended = true;
    this.#courier.close();
    await this.forceFlush();
  }

  #soon(): void {
    if (this.#pumping !== undefined) return;
    if (this.#queue.length >= this.#limits.batchSize) {
      void this.#pump();
      return;
    }
    this.#timer ??= setTimeout(() => {
      void this.#pump();
    }, this.#limits.batchDelay).unref();
  }

  async #pump(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pumping ??= context
      .with(UNTRACED, async () => {
        while (this.#queue.length > 0) await this.#sendBatch();
      })
      .finally(() => {
        this.#pumping = undefined;
      });
    await this.#pumping;
  }

  async #sendBatch(): Promise<void> {
    const batch = this.#queue.splice(0, this.#limits.batchSize);
    try {
      if (this.#ended) this.#watch.lost(batch.length, "shutdown");
      else this.#settle(batch.length, await this.#deliver(batch));
    } catch {
      // It cannot be written as OTLP.
      this.#watch.lost(batch.length, "export_failed");
    } finally {
      this.#held -= batch.length;
    }
  }

  async #deliver(batch: ReadableLogRecord[]): Promise<Delivery> {
    const body = JsonLogsSerializer.serializeRequest(batch);
    if (body === undefined) throw new TypeError("these records have no OTLP form");
    return await this.#courier.deliver(body);
  }

  #settle(count: number, delivery: Delivery): void {
    switch (delivery.kind) {
      case "accepted": {
        const rejected = Math.min(rejectedIn(delivery.body), count);
        this.#watch.exported(count - rejected);
        if (rejected > 0) this.#watch.lost(rejected, "refused");
        return;
      }
      case "refused":
        this.#watch.lost(count, "refused");
        return;
      case "given_up":
        this.#watch.lost(count, "shutdown");
    }
  }
}

/** Records that the far end says it has refused out of a request that it took. */
export function rejectedIn(answer: Buffer): number {
  if (answer.length <= 2) return 0;
  try {
    const { partialSuccess } = JsonLogsSerializer.deserializeResponse(answer);
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    return rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
