import {
  DataqueryBuilder as PrometheusQuery,
  PromQueryFormat,
} from "@grafana/grafana-foundation-sdk/prometheus";
import { PROMETHEUS } from "./data-sources.ts";

/** PromQL over the range. */
export function overTime(expression: string, legend: string, refId = "A"): PrometheusQuery {
  return new PrometheusQuery()
    .datasource(PROMETHEUS)
    .expr(expression)
    .legendFormat(legend)
    .refId(refId)
    .range();
}

/** PromQL at the end of the range, for one number. */
export function atEnd(expression: string): PrometheusQuery {
  return new PrometheusQuery().datasource(PROMETHEUS).expr(expression).refId("A").instant();
}

/** PromQL at the end of the range, with a row for each series. */
export function asTable(expression: string): PrometheusQuery {
  return atEnd(expression).format(PromQueryFormat.Table);
}
