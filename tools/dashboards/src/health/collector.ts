import { EVENTS } from "@pyisolate/telemetry";
import { COLLECTOR, collectorSeries } from "../collector-metrics.ts";
import { denialsThen } from "../links.ts";
import { SERVICE } from "../names.ts";
import { bars, lines } from "../panels.ts";
import { counted } from "../promql.ts";
import { overTime } from "../targets.ts";
import type { LogStore } from "../stores/log-store.ts";

const C = COLLECTOR;

/** A rate by the second. A counter whose series begins in the window counts from 0. */
const rate = (by: string, metric: string) =>
  `sum${by} (${counted(collectorSeries(metric), "$__interval")}) / ($__interval_ms / 1000)`;

/** The row of the Collector: where between services and stores records or counts stop. */
export const collector = (store: LogStore) => [
  bars({
    id: 21,
    title: "Records in",
    description:
      "Log records that services sent. refused: the Collector was full and they try again; see queue and memory. failed: it could not take them; its log says why. Nothing comes in though processes report: they cannot reach it, or there was nothing to record.",
  })
    .unit("cps")
    .withTarget(overTime(rate(" by (receiver)", C.receivedLogs), "{{receiver}} accepted"))
    .withTarget(overTime(rate(" by (receiver)", C.refusedLogs), "{{receiver}} refused", "B"))
    .withTarget(overTime(rate(" by (receiver)", C.failedLogs), "{{receiver}} failed", "C")),

  bars({
    id: 22,
    title: "Records out",
    description:
      "Log records that left, by exporter. failed: given up for good, they are in the log file only. not queued: its queue was full and senders were told to try again. In without out: the store is down and the queue fills.",
  })
    .unit("cps")
    .withTarget(overTime(rate(" by (exporter)", C.sentLogs), "{{exporter}} sent"))
    .withTarget(overTime(rate(" by (exporter)", C.sendFailedLogs), "{{exporter}} failed", "B"))
    .withTarget(
      overTime(rate(" by (exporter)", C.enqueueFailedLogs), "{{exporter}} not queued", "C"),
    ),

  lines({
    id: 23,
    title: "Queue, of its capacity",
    description:
      "How full the queue to each store is. It survives the Collector. At 100 % senders are refused: bring the store back, or raise queue_size and the disk's share. Empty where no store is set.",
  })
    .unit("percentunit")
    .max(1)
    .noValue("no queue")
    .withTarget(
      overTime(
        `max by (exporter, data_type) (${collectorSeries(C.queueSize)} / ${collectorSeries(C.queueCapacity)})`,
        "{{exporter}} {{data_type}}",
      ),
    ),

  bars({
    id: 24,
    title: "Metric points in and out",
    description:
      "Counters that services sent, and that are offered to Prometheus. None in: processes cannot reach the Collector. A lost export of counters is harmless, the next has the same and more.",
  })
    .unit("cps")
    .withTarget(overTime(rate(" by (receiver)", C.receivedPoints), "{{receiver}} accepted"))
    .withTarget(overTime(rate(" by (receiver)", C.refusedPoints), "{{receiver}} refused", "B"))
    .withTarget(overTime(rate(" by (receiver)", C.failedPoints), "{{receiver}} failed", "C"))
    .withTarget(overTime(rate(" by (exporter)", C.sentPoints), "{{exporter}} sent", "D"))
    .withTarget(overTime(rate(" by (exporter)", C.sendFailedPoints), "{{exporter}} failed", "E")),

  bars({
    id: 25,
    title: "Refused for memory",
    description:
      "What the memory limiter turned away; senders try again. Lasting: raise OTELCOL_MEMORY_LIMIT_MIB and GOMEMLIMIT with it, or add a Collector. Empty is good.",
  })
    .unit("cps")
    .noValue("nothing refused")
    .withTarget(overTime(rate("", C.limiterRefusedLogs), "log records"))
    .withTarget(overTime(rate("", C.limiterRefusedPoints), "metric points", "B")),

  lines({
    id: 26,
    title: "Collector memory",
    description:
      "Resident memory and heap. Resident memory that nears the limit that the Collector was given comes before refusals.",
  })
    .unit("bytes")
    .withTarget(overTime(collectorSeries(C.memory), "{{instance}} resident"))
    .withTarget(overTime(collectorSeries(C.heap), "{{instance}} heap", "B")),

  lines({
    id: 27,
    title: "Collector uptime",
    description:
      "A fall to 0 is a restart. Queues survive it, and so do services' records; counters are back with the next export. Empty: this Prometheus does not scrape the Collector's own metrics, so this row shows nothing.",
  })
    .span(12)
    .unit("s")
    .noValue("not scraped")
    .withTarget(overTime(collectorSeries(C.uptime), "{{instance}}")),

  bars({
    id: 28,
    title: `Denials that arrived in ${store.name}`,
    description:
      "The store's own count, by service: compare with emitted and coalesced above. Less, lastingly: records stop behind the Collector. More: some were sent twice after an outage; count distinct denial ids.",
  })
    .span(12)
    .datasource(store.dataSource)
    .unit("short")
    .withTarget(store.arrivedOverTime([SERVICE], { event: EVENTS.denial }))
    .dataLinks([denialsThen(store)]),
];
