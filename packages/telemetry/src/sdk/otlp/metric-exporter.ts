import { context } from "@opentelemetry/api";
import { OTLPMetricExporterBase } from "@opentelemetry/exporter-metrics-otlp-http";
import {
  createOtlpNetworkExportDelegate,
  type IExporterTransport,
} from "@opentelemetry/otlp-exporter-base";
import { createOtlpHttpExporterMetrics } from "@opentelemetry/otlp-exporter-base/node-http";
import {
  JsonMetricsSerializer,
  MetricsExporterMetricsHelper,
} from "@opentelemetry/otlp-transformer";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";

import { HttpTransport } from "./http-transport.ts";
import { RetryingTransport, type TransportListener } from "./retrying-transport.ts";
import { TRACING_SUPPRESSED } from "./suppress-tracing.ts";

/** Exports under way at once: the SDK's default. A reader whose interval is shorter than an export starts more than one. */
const MAX_EXPORTS = 30;

/** OTLP's metric exporter, over a transport that can be ended. */
export interface MetricExporter {
  readonly exporter: PushMetricExporter;
  /** Gives up what is under way. */
  giveUp(): void;
  /** Gives up what is under way, and takes no more. */
  close(): void;
}

/**
 * @param url undefined: from the environment.
 * @param timeout milliseconds for one export, at most those of OTEL_EXPORTER_OTLP_TIMEOUT. The next export has the sums of
 * one that was given up.
 */
export function makeMetricExporter(
  url: string | undefined,
  timeout: number,
  listener: TransportListener,
): MetricExporter {
  const http = new HttpTransport(url, "METRICS", "v1/metrics");
  const transport = new RetryingTransport(http, listener);
  const untraced: IExporterTransport = {
    send: async (data, timeoutMillis) =>
      await context.with(TRACING_SUPPRESSED, async () => await transport.send(data, timeoutMillis)),
    shutdown: () => {
      transport.shutdown();
    },
  };
  const delegate = createOtlpNetworkExportDelegate(
    {
      timeoutMillis: Math.min(timeout, http.timeout),
      concurrencyLimit: MAX_EXPORTS,
      compression: "none",
    },
    JsonMetricsSerializer,
    // Without a meter provider these count nothing: the recorder's own metrics say how the exporter is.
    createOtlpHttpExporterMetrics(
      "otlp_http_metric_exporter",
      MetricsExporterMetricsHelper,
      http.url,
      undefined,
    ),
    untraced,
  );
  const close = () => {
    transport.shutdown();
  };
  const giveUp = () => {
    transport.giveUp();
  };
  return { exporter: new OTLPMetricExporterBase(delegate), giveUp, close };
}
