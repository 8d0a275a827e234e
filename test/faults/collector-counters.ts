/** What a Collector says of one of its exporters: records, unless said otherwise. */
export interface OwnCounters {
  readonly sent: number;
  /** Given up: refused for good, or no more retries. */
  readonly failed: number;
  /** Had no room in the queue: the sender was told so, and sends again. */
  readonly enqueueFailed: number;
  /** Bytes, those under way included. */
  readonly queued: number;
}

/** Reads a Collector's own metrics, as Prometheus would. */
export async function ownCounters(telemetryUrl: string, exporter: string): Promise<OwnCounters> {
  const lines = (await (await fetch(telemetryUrl)).text()).split("\n");
  const sum = (metric: string) =>
    lines
      .filter((line) => line.startsWith(`${metric}{`) && line.includes(`exporter="${exporter}"`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
  return {
    sent: sum("otelcol_exporter_sent_log_records_total"),
    failed: sum("otelcol_exporter_send_failed_log_records_total"),
    enqueueFailed: sum("otelcol_exporter_enqueue_failed_log_records_total"),
    queued: sum("otelcol_exporter_queue_size"),
  };
}
