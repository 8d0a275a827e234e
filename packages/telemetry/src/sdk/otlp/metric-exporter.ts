import { context } from "@opentelemetry/api";
import { OTLPMetricExporterBase } from "@opentelemetry/exporter-metrics-otlp-http";
import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";

import { RetryingTransport } from "./retrying-transport.ts";
import type { DeliveryStatus } from "../delivery/delivery-status.ts";
import { HttpTransport } from "./http-transport.ts";
import { TRACING_SUPPRESSED } from "./suppress-tracing.ts";

/** OTLP's metrics exporter, with a transport that ends when it is told to. */
export interface MetricExporter {
  readonly exporter: PushMetricExporter;
  /** Gives up what is under way. */
  close(): void;
}

type Report = Parameters<PushMetricExporter["export"]>[1];

/**
 * @param url undefined: from the environment.
 * @param patience milliseconds for one export, at most those of OTEL_EXPORTER_OTLP_TIMEOUT: the next has its sums too.
 */
export function makeMetricExporter(
  url: string | undefined,
  patience: number,
  status: DeliveryStatus,
): MetricExporter {
  const http = new HttpTransport(url, "METRICS", "v1/metrics");
  const transport = new RetryingTransport(http, status);
  const underWay = new Set<Promise<void>>();
  const close = () => {
    transport.close();
  };
  const send = async (metrics: ResourceMetrics, report: Report) => {
    const body = JsonMetricsSerializer.serializeRequest(metrics) ?? new Uint8Array();
    const delivery = await transport.deliver(body, Math.min(patience, http.timeout));
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum's package is not ours to depend on
    report(delivery.kind === "accepted" ? { code: 0 } : { code: 1, error: delivery.error });
  };
  const exporter = new OTLPMetricExporterBase({
    export: (metrics: ResourceMetrics, report: Report) => {
      const sent = context.with(TRACING_SUPPRESSED, async () => {
        await send(metrics, report);
      });
      underWay.add(sent);
      void sent.finally(() => underWay.delete(sent));
    },
    forceFlush: async () => {
      await Promise.all(underWay);
    },
    shutdown: async () => {
      await Promise.all(underWay);
      close();
    },
    setMetrics: () => {},
  });
  return { exporter, close };
}
