import type { Resource } from "@opentelemetry/resources";
import { LoggerProvider } from "@opentelemetry/sdk-logs";

import { withTimeout } from "../../with-timeout.ts";
import type { QueuedLogRecordProcessor } from "./queued-log-record-processor.ts";

/** How long a flush waits by default, milliseconds: as in the SDK. */
const FLUSH_TIMEOUT = 30_000;

/**
 * A logger provider whose flush does not keep the process up. The SDK's sets a timer of 30 seconds that does, even after the
 * flush has ended.
 */
export class QueuedLoggerProvider extends LoggerProvider {
  readonly #processor: QueuedLogRecordProcessor;

  constructor(resource: Resource, processor: QueuedLogRecordProcessor) {
    super({ resource, processors: [processor] });
    this.#processor = processor;
  }

  /** Rejects if records still wait when time is up. */
  override async forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void> {
    const timeout = options?.timeoutMillis ?? FLUSH_TIMEOUT;
    if (await withTimeout(this.#processor.forceFlush(), timeout, { keepAlive: false })) return;
    throw new Error(`${this.#processor.waiting} log records still wait after ${timeout} ms`);
  }
}
