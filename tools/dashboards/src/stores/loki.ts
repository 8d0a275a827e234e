import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder as LokiQuery } from "@grafana/grafana-foundation-sdk/loki";
import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { type Attribute, EVENT_NAME, INSTANCE, SERVICE } from "../names.ts";
import type { RecordsQuery, LogStore } from "./log-store.ts";

const dataSource = { type: "loki", uid: "${loki_datasource}" } as const;

/** For operators who run Loki, which is queried in LogQL. */
export const LOKI: LogStore = {
  name: "Loki",
  suffix: "",
  dataSource,
  variable: "loki_datasource",
  all: ".+",
  advice: {
    manySeries:
      "With more cells and operations than Loki counts apart, 500 unless it is set up otherwise, choose a cell, an instance or a capability.",
    manyTargets:
      "Loki refuses to count more than 500 different targets, and a scan has as many as it likes.",
  },
  level: "detected_level",
  fieldOf: prometheusLabel,
  records,
  newest: (asked, most) => lines(records(asked), most),
  table: (asked, fields, most) => lines(`${records(asked)} | keep ${fields.join(", ")}`, most),
  denialsOverTime,
  // Loki keeps a record that is sent again only once.
  arrivedOverTime: denialsOverTime,
  policyLoaded(asked) {
    const query = records(asked);
    return (
      new AnnotationQueryBuilder()
        .datasource(dataSource)
        // Whether the query is read from the target or from beside it depends on Grafana's version.
        .expr(query)
        .target(lines(query, 100).refId("Anno"))
        .titleFormat(`Policy loaded: {{${prometheusLabel(ATTRIBUTES.policyName)}}}`)
        .textFormat(`{{${prometheusLabel(ATTRIBUTES.policyHash)}}}`)
        .tagKeys(prometheusLabel(SERVICE))
    );
  },
};

function records({ event, follows = [] }: RecordsQuery): string {
  const stages = [
    `${prometheusLabel(EVENT_NAME)}="${event.name}"`,
    ...follows.map(([attribute, variable]) => `${prometheusLabel(attribute)}=~"$${variable}"`),
  ];
  const stream = `{${prometheusLabel(SERVICE)}=~"$service", ${prometheusLabel(INSTANCE)}=~"$instance"}`;
  return [stream, ...stages].join(" | ");
}

function lines(expression: string, most: number): LokiQuery {
  return query(expression).maxLines(most).refId("A");
}

function denialsOverTime(by: readonly Attribute[], asked: RecordsQuery): LokiQuery {
  const labels = by.map(prometheusLabel);
  const counted = `${records(asked)} | unwrap ${prometheusLabel(ATTRIBUTES.denialCount)} [$__auto]`;
  return query(`sum by (${labels.join(", ")}) (sum_over_time(${counted}))`)
    .legendFormat(labels.map((label) => `{{${label}}}`).join(" "))
    .refId("A");
}

function query(expression: string): LokiQuery {
  return new LokiQuery().datasource(dataSource).expr(expression).queryType("range");
}
