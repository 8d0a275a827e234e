import { ATTRIBUTES, METRICS, prometheusLabel, prometheusName } from "@pyisolate/telemetry";
import { COLLECTOR, COLLECTOR_LABELS } from "../collector-metrics.ts";
import { EVENT_NAME, LOKI_INSTANCE, LOKI_LEVEL, LOKI_SERVICE, TRACE_ID } from "../names.ts";

/** Metrics that exist: semconv.ts's, and a short list of the Collector's. */
export const KNOWN_METRICS: ReadonlySet<string> = new Set([
  ...Object.values(METRICS).map(prometheusName),
  ...Object.values(COLLECTOR),
]);

/** Labels of each metric of ours. */
export const LABELS_OF: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.values(METRICS).map((metric) => [
    prometheusName(metric),
    new Set(["job", "instance", ...metric.attributes.map(prometheusLabel)]),
  ]),
);

export const KNOWN_PROMETHEUS_LABELS: ReadonlySet<string> = new Set([
  "job",
  "instance",
  ...COLLECTOR_LABELS,
  ...Object.values(METRICS).flatMap(({ attributes }) => attributes.map(prometheusLabel)),
]);

export const KNOWN_LOKI_LABELS: ReadonlySet<string> = new Set([
  EVENT_NAME,
  LOKI_SERVICE,
  LOKI_INSTANCE,
  LOKI_LEVEL,
  TRACE_ID,
  ...Object.values(ATTRIBUTES).map(prometheusLabel),
]);

/** The values of a label that is a closed set. */
export const VALUES_OF: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(ATTRIBUTES).flatMap((attribute) =>
    attribute.values === undefined
      ? []
      : [[prometheusLabel(attribute), attribute.values.map(String)] as const],
  ),
);
