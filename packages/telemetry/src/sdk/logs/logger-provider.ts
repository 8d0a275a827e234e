import type { Resource } from "@opentelemetry/resources";
import { LoggerProvider } from "@opentelemetry/sdk-logs";

import { withTimeout } from "../../with-timeout.ts";
import type { QueuedLogRecordProcessor } from "./queued-log-record-processor.ts";

/** The SDK's bound for a flush, milliseconds. */
const FLUSH_TIMEOUT = 30_000;

/**
 * A provider whose flush waits without holding the process. The SDK's own sets a timer of 30 seconds that does, whatever
 * becomes of the flush meanwhile.
 */
export class QueuedLoggerProvider extends LoggerProvider {
  readonly #processor: QueuedLogRecordProcessor;

  constructor(resource: Resource, processor: QueuedLogRecordProcessor) {
    super({ resource, processors: [processor] });
    this.#processor = processor;
  }

  /** Rejects where records still wait when time is up. */
  override async forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void> {
    const timeout = options?.timeoutMillis ?? FLUSH_TIMEOUT;
    if (await withTimeout(this.#processor.forceFlush(), timeout, { keepAlive: false })) return;
    throw new Error(`${this.#processor.waiting} log records still wait after ${timeout} ms`);
  }
}
