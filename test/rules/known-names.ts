import { METRICS, prometheusLabel, prometheusName } from "@pyisolate/telemetry";

/** A metric's labels; those with a closed set of values have it. */
export type Labels = ReadonlyMap<string, readonly string[] | undefined>;

/** Of every target. */
const TARGET = ["job", "instance"];

/** The Collector's own metrics that rules may use, with those of their labels. */
export const COLLECTOR_METRICS: Readonly<Record<string, readonly string[]>> = {
  otelcol_exporter_queue_size: ["exporter", "data_type"],
  otelcol_exporter_queue_capacity: ["exporter", "data_type"],
  otelcol_exporter_sent_log_records_total: ["exporter"],
  otelcol_exporter_send_failed_log_records_total: ["exporter"],
  otelcol_receiver_refused_log_records_total: ["receiver", "transport"],
  otelcol_receiver_failed_log_records_total: ["receiver", "transport"],
  otelcol_receiver_refused_metric_points_total: ["receiver", "transport"],
  otelcol_receiver_failed_metric_points_total: ["receiver", "transport"],
  otelcol_process_uptime_seconds_total: [],
};

/** Every metric that a rule may ask for, by its name in Prometheus: ours, the Collector's, and Prometheus' own `up`. */
export function knownMetrics(): ReadonlyMap<string, Labels> {
  const known = new Map<string, Labels>([["up", labels([])]]);
  for (const [name, of] of Object.entries(COLLECTOR_METRICS)) known.set(name, labels(of));
  for (const metric of Object.values(METRICS)) {
    const own = metric.attributes.map(
      (attribute) => [prometheusLabel(attribute), attribute.values?.map(String)] as const,
    );
    known.set(prometheusName(metric), new Map([...labels([]), ...own]));
  }
  return known;
}

function labels(names: readonly string[]): Labels {
  return new Map([...TARGET, ...names].map((name) => [name, undefined]));
}
