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
import { Dispatch } from "./dispatch.ts";
import { linkExporter } from "../provider-link.ts";
import { ExportWatch } from "./export-watch.ts";
import { OutboxLoggerProvider } from "./logger-provider.ts";
import { makeMetricExporter } from "./otlp/metric-exporter.ts";
import { HttpTransport } from "./otlp/http-transport.ts";
import { Outbox } from "./outbox.ts";
import type { Settings } from "./settings.ts";
import { Spool } from "./spool.ts";

/** The SDK keeps one place of its limit for itself. */
const CARDINALITY_LIMIT = MAX_SERIES + 1;

/** Counts on their way out. */
export interface Metering {
  readonly provider: MeterProvider;
  readonly watch: ExportWatch;
  /** Gives up the export that is under way, if any. */
  close(): void;
}

/** @param scrape reads for `/metrics`, where that is asked for. */
export function makeMetering(
  settings: Settings,
  resource: Resource,
  scrape: IMetricReader | undefined,
): Metering {
  const watch = new ExportWatch({ what: "counts: " });
  const otlp =
    settings.metrics === "otlp" && !settings.disabled
      ? // No longer than a flush: the SDK's timers hold the process for as long as an export is under way.
        makeMetricExporter(settings.metricsUrl, settings.flushTimeout, watch)
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
  if (otlp !== undefined) linkExporter(provider, watch);
  return { provider, watch, close: () => otlp?.close() };
}

/** Records on their way out. */
export interface Logging {
  readonly provider: LoggerProvider;
  readonly watch: ExportWatch;
  /** Undefined where no record leaves. */
  readonly outbox: Outbox | undefined;
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
    const watch = new ExportWatch({ off: true });
    linkExporter(provider, watch);
    return { provider, watch, outbox: undefined, spool: undefined };
  }
  const watch = new ExportWatch();
  const transport = new RetryingTransport(
    new HttpTransport(settings.logsUrl, "LOGS", "v1/logs"),
    watch,
  );
  const spool = settings.spool === undefined ? undefined : new Spool(settings.spool, watch, warn);
  const outbox = new Outbox(new Dispatch(transport, watch), watch, settings, spool);
  const provider = new OutboxLoggerProvider(resource, outbox);
  watch.waitsBy(async () => {
    await outbox.room();
  });
  linkExporter(provider, watch);
  return { provider, watch, outbox, spool };
}
