import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import type { Resource } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type IMetricReader,
} from "@opentelemetry/sdk-metrics";

import { MAX_SERIES } from "../recorder-options.ts";
import { SCOPE } from "../scope.ts";
import { OneFlush } from "./one-flush.ts";
import type { Settings } from "./settings.ts";

/** The SDK keeps one place of its limit for itself. */
const CARDINALITY_LIMIT = MAX_SERIES + 1;

/** @param scrape reads for `/metrics`, where that is asked for. */
export function makeMeterProvider(
  settings: Settings,
  resource: Resource,
  scrape: IMetricReader | undefined,
): MeterProvider {
  const readers: IMetricReader[] = [];
  if (scrape !== undefined) readers.push(scrape);
  const exporter = settings.metrics === "otlp" ? makeMetricExporter(settings) : undefined;
  if (exporter !== undefined && !settings.disabled) {
    readers.push(
      new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: settings.metricInterval,
        exportTimeoutMillis: settings.metricTimeout,
      }),
    );
  }
  return new MeterProvider({
    resource,
    readers,
    // The recorder folds by itself, exactly; what the SDK folds, it folds out of our sight.
    views: [{ meterName: SCOPE.name, aggregationCardinalityLimit: CARDINALITY_LIMIT }],
  });
}

/** @param meterProvider counts what is lost between the processor and the far end. */
export function makeLoggerProvider(
  settings: Settings,
  resource: Resource,
  meterProvider: MeterProvider,
): LoggerProvider {
  if (settings.disabled || settings.logs === "none") return new LoggerProvider({ resource });
  const processor = new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter({
      ...(settings.logsUrl === undefined ? {} : { url: settings.logsUrl }),
      selfObsMeterProvider: meterProvider,
    }),
    maxQueueSize: settings.queueSize,
    maxExportBatchSize: settings.batchSize,
    scheduledDelayMillis: settings.batchDelay,
    exportTimeoutMillis: settings.batchTimeout,
    selfObsMeterProvider: meterProvider,
  });
  return new LoggerProvider({ resource, processors: [new OneFlush(processor)] });
}

function makeMetricExporter(settings: Settings): OTLPMetricExporter {
  return new OTLPMetricExporter(
    settings.metricsUrl === undefined ? {} : { url: settings.metricsUrl },
  );
}
