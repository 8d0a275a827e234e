import type { Resource } from "@opentelemetry/resources";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type IMetricReader,
} from "@opentelemetry/sdk-metrics";

import { MAX_SERIES } from "../metrics/series-budget.ts";
import { SCOPE } from "../scope.ts";
import { RetryingTransport } from "./otlp/retrying-transport.ts";
import { LogExporter } from "./logs/log-exporter.ts";
import { linkExporter } from "../provider-link.ts";
import { DeliveryStatus } from "./delivery/delivery-status.ts";
import { QueuedLoggerProvider } from "./logs/logger-provider.ts";
import { makeMetricExporter } from "./otlp/metric-exporter.ts";
import { HttpTransport } from "./otlp/http-transport.ts";
import { QueuedLogRecordProcessor } from "./logs/queued-log-record-processor.ts";
import type { Settings } from "./settings.ts";
import { Spool } from "./spool/spool.ts";

/** The SDK keeps one place of its limit for itself. */
const CARDINALITY_LIMIT = MAX_SERIES + 1;

/** Counts on their way out. */
export interface Metering {
  readonly provider: MeterProvider;
  readonly status: DeliveryStatus;
  /** Gives up the export that is under way, if any. */
  close(): void;
}

/** @param scrape reads for `/metrics`, where that is asked for. */
export function makeMetering(
  settings: Settings,
  resource: Resource,
  scrape: IMetricReader | undefined,
): Metering {
  const status = new DeliveryStatus({ what: "counts: " });
  const otlp =
    settings.metrics === "otlp" && !settings.disabled
      ? // No longer than a flush: the SDK's timers hold the process for as long as an export is under way.
        makeMetricExporter(settings.metricsUrl, settings.flushTimeout, status)
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
    // The recorder folds by itself, exactly; what the SDK folds, it folds out of our sight.
    views: [{ meterName: SCOPE.name, aggregationCardinalityLimit: CARDINALITY_LIMIT }],
  });
  if (otlp !== undefined) linkExporter(provider, status);
  return { provider, status, close: () => otlp?.close() };
}

/** Records on their way out. */
export interface Logging {
  readonly provider: LoggerProvider;
  readonly status: DeliveryStatus;
  /** Undefined where no record leaves. */
  readonly processor: QueuedLogRecordProcessor | undefined;
  readonly spool: Spool | undefined;
}

/** @param warn is told what an operator has to see to. */
export function makeLogging(
  settings: Settings,
  resource: Resource,
  warn: (message: string) => void,
): Logging {
  if (settings.disabled || settings.logs === "none") {
    const provider = new LoggerProvider({ resource });
    const status = new DeliveryStatus({ off: true });
    linkExporter(provider, status);
    return { provider, status, processor: undefined, spool: undefined };
  }
  const status = new DeliveryStatus();
  const transport = new RetryingTransport(
    new HttpTransport(settings.logsUrl, "LOGS", "v1/logs"),
    status,
  );
  const spool = settings.spool === undefined ? undefined : new Spool(settings.spool, status, warn);
  const processor = new QueuedLogRecordProcessor(
    new LogExporter(transport, status),
    status,
    settings,
    spool,
  );
  const provider = new QueuedLoggerProvider(resource, processor);
  linkExporter(provider, processor);
  return { provider, status, processor, spool };
}
