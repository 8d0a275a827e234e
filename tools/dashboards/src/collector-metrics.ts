/**
 * The Collector's own metrics that we show, as otel-collector.yaml names them. They come from another job than the
 * services, so that they follow variables of their own.
 */
export const COLLECTOR = {
  receivedLogs: "otelcol_receiver_accepted_log_records_total",
  refusedLogs: "otelcol_receiver_refused_log_records_total",
  failedLogs: "otelcol_receiver_failed_log_records_total",
  receivedPoints: "otelcol_receiver_accepted_metric_points_total",
  refusedPoints: "otelcol_receiver_refused_metric_points_total",
  failedPoints: "otelcol_receiver_failed_metric_points_total",
  sentLogs: "otelcol_exporter_sent_log_records_total",
  sentPoints: "otelcol_exporter_sent_metric_points_total",
  sendFailedLogs: "otelcol_exporter_send_failed_log_records_total",
  sendFailedPoints: "otelcol_exporter_send_failed_metric_points_total",
  enqueueFailedLogs: "otelcol_exporter_enqueue_failed_log_records_total",
  queueSize: "otelcol_exporter_queue_size",
  queueCapacity: "otelcol_exporter_queue_capacity",
  limiterRefusedLogs: "otelcol_processor_memory_limiter_refused_log_records_total",
  limiterRefusedPoints: "otelcol_processor_memory_limiter_refused_metric_points_total",
  memory: "otelcol_process_memory_rss_bytes",
  heap: "otelcol_process_runtime_heap_alloc_bytes",
  uptime: "otelcol_process_uptime_seconds_total",
} as const;

/** The labels of these metrics. */
export const COLLECTOR_LABELS = ["receiver", "transport", "exporter", "data_type", "processor"];

/** The series of a metric, for the chosen Collectors. */
export function collectorSeries(metric: string): string {
  return `${metric}{job=~"$collector_job", instance=~"$collector"}`;
}
