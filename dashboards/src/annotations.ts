import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ATTRIBUTES, EVENTS, METRICS, prometheusLabel } from "@pyisolate/telemetry";
import { LOKI, PROMETHEUS } from "./data-sources.ts";
import { records } from "./logql.ts";
import { LOKI_SERVICE } from "./names.ts";
import { counted, is, series } from "./promql.ts";
import { newest, overTime } from "./targets.ts";

// Grafana makes HTML of an annotation's text: what a guest wrote has no place in one.

/** A policy began to decide, with its name and hash. */
export const policyLoaded = fromLoki("Policy loaded", records(EVENTS.policyLoaded))
  .enable(true)
  .iconColor("blue")
  .titleFormat(`Policy loaded: {{${prometheusLabel(ATTRIBUTES.policyName)}}}`)
  .textFormat(`{{${prometheusLabel(ATTRIBUTES.policyHash)}}}`)
  .tagKeys(LOKI_SERVICE);

/** The same without Loki: when, and of which job. Off, or each would be there twice. */
export const policyLoadCounted = fromPrometheus(
  "Policy loaded (without Loki)",
  `sum by (job) (${counted(series(METRICS.policyLoads), "$__interval")}) > 0`,
)
  .enable(false)
  .iconColor("blue")
  .titleFormat("Policy loaded")
  .textFormat("{{job}}");

/** While it lasts, what a page shows is not all that happened. */
export const blind = fromPrometheus(
  "Telemetry blind",
  `max by (job) (${series(METRICS.state, is(ATTRIBUTES.telemetryState, "blind"))}) == 1`,
)
  .enable(true)
  .iconColor("red")
  .titleFormat("Telemetry blind")
  .textFormat("{{job}}: records do not arrive");

// Whether the query is read from the target or from beside it depends on Grafana's version.
function fromLoki(name: string, query: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(LOKI)
    .expr(query)
    .target(newest(query, 100).refId("Anno"));
}

function fromPrometheus(name: string, query: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(PROMETHEUS)
    .expr(query)
    .step("60s")
    .target(overTime(query, "", "Anno").interval("60s"));
}
