import { ATTRIBUTES, METRICS, prometheusLabel, prometheusName } from "@pyisolate/telemetry";
import { COLLECTOR, COLLECTOR_LABELS } from "../collector-metrics.ts";
import { EVENT_NAME, INSTANCE, SERVICE, TRACE_ID } from "../names.ts";
import type { LogStore } from "../stores/log-store.ts";

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

/** Fields of a record, by their names in a store. */
export function knownFields({ fieldOf, level }: LogStore): ReadonlySet<string> {
  return new Set([
    level,
    TRACE_ID,
    ...[EVENT_NAME, SERVICE, INSTANCE, ...Object.values(ATTRIBUTES)].map(fieldOf),
  ]);
}

/** The values of a label or a field that is a closed set, by its name in Prometheus and by its own. */
export const VALUES_OF: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(ATTRIBUTES).flatMap((attribute) =>
    attribute.values === undefined
      ? []
      : [prometheusLabel(attribute), attribute.name].map(
          (name) => [name, attribute.values?.map(String) ?? []] as const,
        ),
  ),
);
