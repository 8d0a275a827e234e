import type { Resource } from "@opentelemetry/resources";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type IMetricReader,
} from "@opentelemetry/sdk-metrics";

import { CellChains } from "../integrity/cell-chains.ts";
import { MAX_SERIES } from "../metrics/series-budget.ts";
import { linkExporter } from "../provider-link.ts";
import { SCOPE } from "../instrumentation-scope.ts";
import { ExporterStatus } from "./delivery/exporter-status.ts";
import { LogExporter } from "./logs/log-exporter.ts";
import { QueuedLoggerProvider } from "./logs/logger-provider.ts";
import { QueuedLogRecordProcessor } from "./logs/queued-log-record-processor.ts";
import { RefusedRecords } from "./logs/refused-records.ts";
import { HttpTransport } from "./otlp/http-transport.ts";
import { makeMetricExporter } from "./otlp/metric-exporter.ts";
import { RetryingTransport, type TransportListener } from "./otlp/retrying-transport.ts";
import type { Settings } from "./settings.ts";
import { DeadLetters } from "./spool/dead-letters.ts";
import { Spool } from "./spool/spool.ts";

/** One more than the recorder's own bound: the SDK reserves one series for its overflow. */
const CARDINALITY_LIMIT = MAX_SERIES + 1;

/** What exports counts. */
export interface Metering {
  readonly provider: MeterProvider;
  readonly status: ExporterStatus;
  /** Gives up the export that is under way: the SDK's timers keep the process up for as long as it lasts. */
  giveUp(): void;
  /** Gives up the export that is under way, and is the last to do so. */
  close(): void;
}

/** @param scrape The reader behind `/metrics`; undefined if that is not served. */
export function makeMetering(
  settings: Settings,
  resource: Resource,
  scrape: IMetricReader | undefined,
): Metering {
  const status = new ExporterStatus({ what: "counts: " });
  const otlp =
    settings.metrics === "otlp" && !settings.disabled
      ? // No longer than a flush: the SDK's timers keep the process up while an export is under way.
        makeMetricExporter(
          settings.metricsUrl,
          settings.flushTimeout,
          told(status, settings.metricsFault),
        )
      : undefined;
  const readers: IMetricReader[] = [];
  if (scrape !== undefined) readers.push(scrape);
  if (otlp !== undefined) {
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: otlp.exporter,
        exportIntervalMillis: settings.metricInterval,
        exportTimeoutMillis: settings.metricTimeout,
      }),
    );
  }
  const provider = new MeterProvider({
    resource,
    readers,
    // Past the SDK's limit: the recorder folds first, and counts what it folds. The SDK does not.
    views: [{ meterName: SCOPE.name, aggregationCardinalityLimit: CARDINALITY_LIMIT }],
  });
  if (otlp !== undefined) linkExporter(provider, status);
  return { provider, status, giveUp: () => otlp?.giveUp(), close: () => otlp?.close() };
}

/** What exports log records. */
export interface Logging {
  readonly provider: LoggerProvider;
  readonly status: ExporterStatus;
  /** Undefined if no records are exported. */
  readonly processor: QueuedLogRecordProcessor | undefined;
  readonly spool: Spool | undefined;
}

/** @param warn Is called with a message that an operator has to act on. */
export function makeLogging(
  settings: Settings,
  resource: Resource,
  warn: (message: string) => void,
): Logging {
  if (settings.disabled || settings.logs === "none") {
    const provider = new LoggerProvider({ resource });
    const status = new ExporterStatus({ off: true });
    linkExporter(provider, status);
    return { provider, status, processor: undefined, spool: undefined };
  }
  const status = new ExporterStatus();
  const transport = new RetryingTransport(
    new HttpTransport(settings.logsUrl, "LOGS", "v1/logs"),
    told(status, settings.logsFault),
  );
  const spool = settings.spool === undefined ? undefined : new Spool(settings.spool, status, warn);
  const letters = settings.spool && deadLetters(settings.spool);
  const processor = new QueuedLogRecordProcessor(
    new LogExporter(transport, status, new RefusedRecords(letters, warn)),
    status,
    settings,
    spool,
    settings.integrity ? new CellChains() : undefined,
  );
  const provider = new QueuedLoggerProvider(resource, processor);
  linkExporter(provider, processor);
  return { provider, status, processor, spool };
}

function deadLetters({
  directory: folder,
  maxBytes,
  sync,
}: NonNullable<Settings["spool"]>): DeadLetters {
  return new DeadLetters(folder, maxBytes, sync);
}

/** A status that says why nothing can be sent, from the start and whatever an attempt says. @param fault undefined: it can be. */
function told(status: ExporterStatus, fault: string | undefined): TransportListener {
  if (fault === undefined) return status;
  const failing = () => {
    status.failing(new Error(fault));
  };
  failing();
  return { failing, recovered: () => {} };
}
