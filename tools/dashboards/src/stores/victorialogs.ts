import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ATTRIBUTES, EVENTS } from "@pyisolate/telemetry";
import { type Attribute, EVENT_NAME, INSTANCE, SERVICE } from "../names.ts";
import type { RecordsQuery, LogStore } from "./log-store.ts";

const dataSource = {
  type: "victoriametrics-logs-datasource",
  uid: "${victorialogs_datasource}",
} as const;

const A = ATTRIBUTES;
const LEVEL = "level";

/** The store that is built and run here; LogsQL, through the plugin that its makers have for Grafana. */
export const VICTORIALOGS: LogStore = {
  name: "VictoriaLogs",
  suffix: "-victorialogs",
  dataSource,
  variable: "victorialogs_datasource",
  // The plugin turns this value into `in(*)`; it would take `.+` for a value to look for.
  all: ".*",
  advice: {
    manySeries:
      "It tells denials apart by their ids, so that one that was sent twice counts once: for millions of them choose a shorter time, a cell, an instance or a capability.",
    manyTargets: "a scan has as many targets as it likes, and the page would hold them all.",
  },
  level: LEVEL,
  fieldOf: ({ name }) => name,
  records,
  newest: (asked, most) => lines(`${records(asked)} | ${newestFirst(most)}`, most),
  table(asked, fields, most) {
    const query = [records(asked), newestFirst(most)];
    if (fields.includes(LEVEL)) query.push(`format "<lc:severity_text>" as ${LEVEL}`);
    // Denials of one instant may differ in their ids alone.
    const id = asked.event === EVENTS.denial ? [A.denialId.name] : [];
    return lines([...query, ...once([...new Set([...id, ...fields])])].join(" | "), most);
  },
  denialsOverTime(by, asked) {
    const fields = by.map(({ name }) => name);
    const count = A.denialCount.name;
    return overTime(by, [
      records(asked),
      `stats by (${[...fields, A.denialId.name].join(", ")}) max(${count}) as ${count}`,
      `stats by (${fields.join(", ")}) sum(${count}) as denials`,
    ]);
  },
  arrivedOverTime(by, asked) {
    const fields = by.map(({ name }) => name);
    return overTime(by, [
      records(asked),
      `stats by (${fields.join(", ")}) sum(${A.denialCount.name}) as denials`,
    ]);
  },
  policyLoaded(asked) {
    const text = `Policy loaded: <${A.policyName.name}> <${A.policyHash.name}> (<${SERVICE.name}>)`;
    const query = [records(asked), newestFirst(100), `format "${text}" as _msg`, ...once(["_msg"])];
    return new AnnotationQueryBuilder()
      .datasource(dataSource)
      .expr(query.join(" | "))
      .target(target("instant", query, { refId: "Anno", maxLines: 100 }));
  },
};

// Names and ids go between quotes by the plugin's own hand wherever a variable stands in in(): in a pattern they would be one.
function records({ event, follows = [] }: RecordsQuery): string {
  return [
    `${SERVICE.name}:in($service)`,
    `${INSTANCE.name}:in($instance)`,
    `${EVENT_NAME.name}:="${event.name}"`,
    ...follows.map(([{ name }, variable]) => `${name}:in($${variable})`),
  ].join(" ");
}

function newestFirst(most: number): string {
  return `sort by (_time desc) limit ${most}`;
}

/** Selects these fields, and each record once: the store keeps a record as often as it was sent. */
function once(fields: readonly string[]): string[] {
  const kept = ["_time", ...fields].join(", ");
  return [`uniq by (${kept})`, "sort by (_time desc)"];
}

function lines(expression: string, maxLines: number): Builder<Dataquery> {
  return target("instant", [expression], { refId: "A", maxLines });
}

function overTime(by: readonly Attribute[], query: readonly string[]): Builder<Dataquery> {
  const legendFormat = by.map(({ name }) => `{{${name}}}`).join(" ");
  return target("statsRange", query, { refId: "A", legendFormat });
}

/** A query in the plugin's own form, for which the SDK has no builder. */
function target(
  queryType: "instant" | "statsRange",
  query: readonly string[],
  more: {
    readonly refId: string;
    readonly maxLines?: number;
    readonly legendFormat?: string;
  },
): Builder<Dataquery> {
  return {
    build: () => ({
      expr: query.join(" | "),
      queryType,
      editorMode: "code",
      datasource: dataSource,
      ...more,
      _implementsDataqueryVariant(): void {},
    }),
  };
}
