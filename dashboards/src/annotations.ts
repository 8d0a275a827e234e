import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ATTRIBUTES, EVENTS, METRICS } from "@pyisolate/telemetry";
import { LOKI, PROMETHEUS } from "./data-sources.ts";
import { labelName, LOKI_SERVICE } from "./names.ts";
import { records } from "./logql.ts";
import { counted, is, series } from "./promql.ts";

// Grafana makes HTML of an annotation's text: what a guest wrote has no place in one.

/** A policy began to decide, with its name and hash. */
export const policyLoaded = new AnnotationQueryBuilder()
  .name("Policy loaded")
  .datasource(LOKI)
  .enable(true)
  .iconColor("blue")
  .expr(records(EVENTS.policyLoaded))
  .titleFormat(`Policy loaded: {{${labelName(ATTRIBUTES.policyName)}}}`)
  .textFormat(`{{${labelName(ATTRIBUTES.policyHash)}}}`)
  .tagKeys(LOKI_SERVICE);

/** The same without Loki: when, and of which job. Off, or each would be there twice. */
export const policyLoadCounted = new AnnotationQueryBuilder()
  .name("Policy loaded (without Loki)")
  .datasource(PROMETHEUS)
  .enable(false)
  .iconColor("blue")
  .expr(`sum by (job) (${counted(series(METRICS.policyLoads), "$__interval")}) > 0`)
  .step("60s")
  .titleFormat("Policy loaded")
  .textFormat("{{job}}");

/** While it lasts, what a page shows is not all that happened. */
export const blind = new AnnotationQueryBuilder()
  .name("Telemetry blind")
  .datasource(PROMETHEUS)
  .enable(true)
  .iconColor("red")
  .expr(`max by (job) (${series(METRICS.state, is(ATTRIBUTES.telemetryState, "blind"))}) == 1`)
  .step("60s")
  .titleFormat("Telemetry blind")
  .textFormat("{{job}}: records do not arrive");
