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
import type { LogStore } from "./stores/log-store.ts";

// The gauge is there from a service's start; counters of denials begin with the first.
const present = prometheusName(METRICS.queueSize);

/** The variables that a link from one dashboard of a store to the other takes along: those that both have. */
export function shared({ variable }: LogStore): readonly string[] {
  return ["prometheus_datasource", variable, "job", "instance"];
}

/** The variables of a store's dashboards, the data sources first, of which a Grafana may have several each. */
export function variablesOf({ name, variable, dataSource, all }: LogStore) {
  const ofPrometheus = (variable: string, label: string, description: string, text: string) =>
    query(variable, label, description, text, all);
  const ofMetric = (
    variable: string,
    label: string,
    metric: Metric,
    attribute: Attribute,
    description: string,
  ) =>
    ofPrometheus(
      variable,
      label,
      description,
      `label_values(${series(metric)}, ${prometheusLabel(attribute)})`,
    );
  const ofEvents = (variable: string, label: string, attribute: Attribute, description: string) =>
    ofMetric(variable, label, METRICS.denialEvents, attribute, description);

  return {
    prometheus: source(
      "prometheus_datasource",
      "prometheus",
      "Prometheus",
      "Where the counters are.",
    ),
    store: source(
      variable,
      dataSource.type,
      name,
      "Where the records are. Panels that need it say so.",
    ),
    tempo: source(
      "tempo_datasource",
      "tempo",
      "Tempo",
      "Where traces are, for the link from a record to its trace. With another trace store change this variable's type.",
    ),
    job: ofPrometheus(
      "job",
      "Job",
      "Services: service.namespace/service.name.",
      `label_values(${present}, job)`,
    ),
    /** Log stores name the service without its namespace. */
    service: query(
      "service",
      "Service",
      `The names of the jobs chosen, as ${name} has them.`,
      `label_values(${present}{job=~"$job"}, job)`,
      // All of the listed values, and not any value: a job that is not chosen matches `.*` too.
      "",
    )
      .regex("/(?:.*\\/)?(.+)/")
      .hide(VariableHide.HideVariable),
    instance: ofPrometheus(
      "instance",
      "Instance",
      "Processes of these services: service.instance.id.",
      `label_values(${present}{job=~"$job"}, instance)`,
    ),
    cell: ofMetric(
      "cell",
      "Cell",
      METRICS.denials,
      ATTRIBUTES.cell,
      "Cells that were refused something. The ones past the series budget are _other here and have their name in the records: type it.",
    ),
    capability: ofMetric(
      "capability",
      "Capability",
      METRICS.decisions,
      ATTRIBUTES.capability,
      "What was asked for.",
    ),
    rule: ofEvents("rule", "Rule", ATTRIBUTES.policyRule, "The rule that refused."),
    reason: ofEvents("reason", "Reason", ATTRIBUTES.reason, "Why it refused."),
    broker: ofEvents("broker", "Broker", ATTRIBUTES.brokerDecision, "Policy's verdict."),
    kernel: ofEvents("kernel", "Kernel", ATTRIBUTES.kernelDecision, "Kernel's verdict."),
    collectorJob: ofPrometheus(
      "collector_job",
      "Collector job",
      "The scrape job of the Collector's own metrics.",
      `label_values(${COLLECTOR.uptime}, job)`,
    ),
    collector: ofPrometheus(
      "collector",
      "Collector",
      "The Collectors.",
      `label_values(${COLLECTOR.uptime}{job=~"$collector_job"}, instance)`,
    ),
  };
}

function source(variable: string, type: string, name: string, description: string) {
  return new DatasourceVariableBuilder(variable)
    .label(`${name} data source`)
    .description(description)
    .type(type);
}

function query(name: string, label: string, description: string, text: string, all: string) {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(PROMETHEUS)
    .query(text)
    .definition(text)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ selected: true, text: "All", value: "$__all" });
}
