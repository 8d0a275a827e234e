/** A Collector's own metrics of one of its exporters, in records unless said otherwise. */
export interface OwnCounters {
  readonly sent: number;
  /** Records given up: refused for good, or out of retries. */
  readonly failed: number;
  /** Records that had no room in the queue: the sender was told so, and sends them again. */
  readonly enqueueFailed: number;
  /** Bytes in the queue, including those being sent. */
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
