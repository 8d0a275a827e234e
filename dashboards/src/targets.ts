import { DataqueryBuilder as LokiQuery } from "@grafana/grafana-foundation-sdk/loki";
import {
  DataqueryBuilder as PrometheusQuery,
  PromQueryFormat,
} from "@grafana/grafana-foundation-sdk/prometheus";
import { LOKI, PROMETHEUS } from "./data-sources.ts";

/** PromQL over the range. */
export function overTime(expression: string, legend: string, refId = "A"): PrometheusQuery {
  return new PrometheusQuery()
    .datasource(PROMETHEUS)
    .expr(expression)
    .legendFormat(legend)
    .refId(refId)
    .range();
}

/** PromQL at the end of the range: one number. */
export function atEnd(expression: string): PrometheusQuery {
  return new PrometheusQuery().datasource(PROMETHEUS).expr(expression).refId("A").instant();
}

/** PromQL at the end of the range: a row for each series. */
export function asTable(expression: string): PrometheusQuery {
  return atEnd(expression).format(PromQueryFormat.Table);
}

/** LogQL: records, the newest first. */
export function newest(expression: string, count: number): LokiQuery {
  return new LokiQuery()
    .datasource(LOKI)
    .expr(expression)
    .queryType("range")
    .maxLines(count)
    .refId("A");
}

/** LogQL that counts, over the range. */
export function countOverTime(expression: string, legend: string): LokiQuery {
  return new LokiQuery()
    .datasource(LOKI)
    .expr(expression)
    .queryType("range")
    .legendFormat(legend)
    .refId("A");
}
