import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ATTRIBUTES, EVENTS, METRICS } from "@pyisolate/telemetry";
import { PROMETHEUS } from "./data-sources.ts";
import { counted, is, series } from "./promql.ts";
import type { LogStore } from "./stores/log-store.ts";
import { overTime } from "./targets.ts";

// Grafana renders an annotation's text as HTML, so no text of a guest may be in it.

/** The annotations of every timeline. */
export function annotations(store: LogStore): AnnotationQueryBuilder[] {
  return [policyLoaded(store), policyLoadCounted(store), blind];
}

/** A policy began to decide, with its name and hash. */
function policyLoaded(store: LogStore): AnnotationQueryBuilder {
  return store
    .policyLoaded({ event: EVENTS.policyLoaded })
    .name("Policy loaded")
    .enable(true)
    .iconColor("blue");
}

/** The same from Prometheus, for a Grafana without the store: when, and of which job. Off by default, since each would be shown twice. */
function policyLoadCounted({ name }: LogStore): AnnotationQueryBuilder {
  return fromPrometheus(
    `Policy loaded (without ${name})`,
    `sum by (job) (${counted(series(METRICS.policyLoads), "$__interval")}) > 0`,
  )
    .enable(false)
    .iconColor("blue")
    .titleFormat("Policy loaded")
    .textFormat("{{job}}");
}

/** Marks the times in which telemetry was blind: a page then shows less than happened. */
const blind = fromPrometheus(
  "Telemetry blind",
  `max by (job) (${series(METRICS.state, is(ATTRIBUTES.telemetryState, "blind"))}) == 1`,
)
  .enable(true)
  .iconColor("red")
  .titleFormat("Telemetry blind")
  .textFormat("{{job}}: records do not arrive");

function fromPrometheus(name: string, query: string): AnnotationQueryBuilder {
  return (
    new AnnotationQueryBuilder()
      .name(name)
      .datasource(PROMETHEUS)
      // Whether the query is read from the target or from beside it depends on Grafana's version.
      .expr(query)
      .step("60s")
      .target(overTime(query, "", "Anno").interval("60s"))
  );
}
