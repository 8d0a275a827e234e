import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { ATTRIBUTES, METRICS, prometheusLabel, prometheusName } from "@pyisolate/telemetry";
import { COLLECTOR } from "./collector-metrics.ts";
import type { Attribute, Metric } from "./names.ts";
import { PROMETHEUS } from "./data-sources.ts";
import { series } from "./promql.ts";

/** The data sources, of which a Grafana may have several each. */
export const dataSources = {
  prometheus: source("prometheus", "Prometheus", "Where the counters are."),
  loki: source("loki", "Loki", "Where the records are. Panels that need it say so."),
  tempo: source(
    "tempo",
    "Tempo",
    "Where traces are, for the link from a record to its trace. With another trace store change this variable's type.",
  ),
} as const;

// The gauge is there from a service's start; counters of denials begin with the first.
const present = prometheusName(METRICS.queueSize);

export const job = all(
  "job",
  "Job",
  "Services: service.namespace/service.name.",
  `label_values(${present}, job)`,
);

/** Loki has the name without the namespace. */
export const service = all(
  "service",
  "Service",
  "The names of the jobs chosen, as Loki has them.",
  `label_values(${present}{job=~"$job"}, job)`,
)
  .regex("/(?:.*\\/)?(.+)/")
  // All of these, not anything: a job that is not chosen has a name too.
  .allValue("")
  .hide(VariableHide.HideVariable);

export const instance = all(
  "instance",
  "Instance",
  "Processes of these services: service.instance.id.",
  `label_values(${present}{job=~"$job"}, instance)`,
);

export const cell = ofMetric(
  "cell",
  "Cell",
  METRICS.denials,
  ATTRIBUTES.cell,
  "Cells that were refused something. The ones past the series budget are _other here and have their name in the records: type it.",
);

export const capability = ofMetric(
  "capability",
  "Capability",
  METRICS.decisions,
  ATTRIBUTES.capability,
  "What was asked for.",
);

export const rule = ofEvents("rule", "Rule", ATTRIBUTES.policyRule, "The rule that refused.");
export const reason = ofEvents("reason", "Reason", ATTRIBUTES.reason, "Why it refused.");
export const broker = ofEvents("broker", "Broker", ATTRIBUTES.brokerDecision, "Policy's verdict.");
export const kernel = ofEvents("kernel", "Kernel", ATTRIBUTES.kernelDecision, "Kernel's verdict.");

export const collectorJob = all(
  "collector_job",
  "Collector job",
  "The scrape job of the Collector's own metrics.",
  `label_values(${COLLECTOR.uptime}, job)`,
);

export const collector = all(
  "collector",
  "Collector",
  "The Collectors.",
  `label_values(${COLLECTOR.uptime}{job=~"$collector_job"}, instance)`,
);

/** What a link from one dashboard to the other carries along: all that both have. */
export const SHARED = ["prometheus_datasource", "loki_datasource", "job", "instance"] as const;

function source(type: string, name: string, description: string) {
  return new DatasourceVariableBuilder(`${type}_datasource`)
    .label(`${name} data source`)
    .description(description)
    .type(type);
}

function ofEvents(name: string, label: string, attribute: Attribute, description: string) {
  return ofMetric(name, label, METRICS.denialEvents, attribute, description);
}

function ofMetric(
  name: string,
  label: string,
  metric: Metric,
  attribute: Attribute,
  description: string,
) {
  const query = `label_values(${series(metric)}, ${prometheusLabel(attribute)})`;
  return all(name, label, description, query);
}

function all(name: string, label: string, description: string, query: string) {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(PROMETHEUS)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current({ selected: true, text: "All", value: "$__all" });
}
