import { SeverityNumber } from "@opentelemetry/api";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import { onTestFinished } from "vitest";

import { ExporterStatus } from "../sdk/delivery/exporter-status.ts";
import { LogExporter } from "../sdk/logs/log-exporter.ts";
import { QueuedLogRecordProcessor } from "../sdk/logs/queued-log-record-processor.ts";
import { RefusedRecords } from "../sdk/logs/refused-records.ts";
import { HttpTransport } from "../sdk/otlp/http-transport.ts";
import { RetryingTransport } from "../sdk/otlp/retrying-transport.ts";
import { DeadLetters } from "../sdk/spool/dead-letters.ts";
import { Spool } from "../sdk/spool/spool.ts";

/** A processor that sends to `url`, with batches of ten; it ends with the test. */
export function processorTo(url: string, queueSize = 100, folder?: string, maxBytes = 2000) {
  const status = new ExporterStatus();
  const transport = new RetryingTransport(
    new HttpTransport(`${url}/v1/logs`, "LOGS", "v1/logs"),
    status,
  );
  const limits = { queueSize, batchSize: 10, batchDelay: 5 };
  const spool =
    folder === undefined ? undefined : new Spool({ directory: folder, maxBytes }, status, () => {});
  const warnings: string[] = [];
  const refused = new RefusedRecords(
    folder === undefined ? undefined : new DeadLetters(folder, 40_000),
    (said) => warnings.push(said),
  );
  const processor = new QueuedLogRecordProcessor(
    new LogExporter(transport, status, refused),
    status,
    limits,
    spool,
  );
  const provider = new LoggerProvider({ processors: [processor] });
  const loggers = (name: string) => provider.getLogger(name);
  const logger = loggers("test");
  const emit = (count: number) => {
    for (let n = 0; n < count; n++) {
      logger.emit({ severityNumber: SeverityNumber.WARN, attributes: { n } });
    }
  };
  onTestFinished(async () => {
    await processor.shutdown();
  });
  return { processor, status, emit, loggers, warnings };
}
