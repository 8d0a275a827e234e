import type { Context } from "@opentelemetry/api";
import type { LogRecordProcessor, ReadWriteLogRecord } from "@opentelemetry/sdk-logs";

/**
 * A processor whose flushes follow one another. The SDK's batch processor answers a flush during another at once, without
 * waiting, and a shutdown during one closes the exporter before the queue is sent: records would be lost without a word.
 */
export class OneFlush implements LogRecordProcessor {
  readonly #inner: LogRecordProcessor;
  #last: Promise<void> = Promise.resolve();

  constructor(inner: LogRecordProcessor) {
    this.#inner = inner;
  }

  onEmit(record: ReadWriteLogRecord, context?: Context): void {
    this.#inner.onEmit(record, context);
  }

  async forceFlush(): Promise<void> {
    await this.#next(async () => {
      await this.#inner.forceFlush();
    });
  }

  async shutdown(): Promise<void> {
    await this.#next(async () => {
      await this.#inner.shutdown();
    });
  }

  async #next(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    await mine;
  }
}
