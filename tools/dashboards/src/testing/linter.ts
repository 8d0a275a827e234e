import { type Dashboard, type Panel, panelsOf, storeOf, type Variable } from "./committed.ts";
import { UNITS } from "./units.ts";
import { childTexts, nodes, parseLogql, parsePromql, textOf } from "./syntax.ts";

/** What a rule has against a dashboard: nothing, if it is empty. */
export type Rule = (dashboard: Dashboard) => string[];

const SERIES = String.raw`[a-z_]+_total\{[^}]*\}`;

/** Where we do otherwise than counter-agg asks, which knows rate, irate and increase only. */
const COUNTERS_READ_OTHERWISE: readonly { readonly shape: RegExp; readonly reason: string }[] = [
  {
    shape: new RegExp(
      String.raw`(${SERIES}) - last_over_time\(\1\[6h\] offset \S+?\) >= 0 or \1`,
      "g",
    ),
    reason: "A counter that begins with its first denial is never seen by increase(): promql.ts",
  },
  {
    shape: new RegExp(String.raw`last_over_time\(${SERIES}\[[^\]]+\](?: offset [^\s)]+)?\)`, "g"),
    reason: "Whether a pair was there at all, and totals of services that have ended",
  },
  {
    shape: new RegExp(String.raw`sum by \(job, instance\) \(${SERIES}\)`, "g"),
    reason: "The ledger is a difference of totals as of one collection",
  },
  {
    shape: /otelcol_process_uptime_seconds_total\{[^}]*\}/g,
    reason: "A clock, for all its name: the time since the last restart is its value",
  },
];

/** Types of data sources that are not words. */
const CALLED_OTHERWISE: Readonly<
  Record<string, { readonly short: string; readonly called: string }>
> = { "victoriametrics-logs-datasource": { short: "victorialogs", called: "VictoriaLogs" } };

/** The rules of the dashboard linter, by its names. */
export const LINTER: Readonly<Record<string, Rule>> = {
  "template-datasource": ({ templating }) =>
    ofType(templating.list, "datasource").flatMap(({ name, label, query = "" }) => {
      const { short = query, called = `${query.charAt(0).toUpperCase()}${query.slice(1)}` } =
        CALLED_OTHERWISE[query] ?? {};
      return [
        ...complaint(name !== `${short}_datasource`, `${name} should be ${short}_datasource`),
        ...complaint(label !== `${called} data source`, `${name} is labelled ${label}`),
      ];
    }),
  "template-job": (dashboard) => requiredVariable(dashboard, "job", "Job"),
  "template-instance": (dashboard) => requiredVariable(dashboard, "instance", "Instance"),
  "template-label-promql": ({ templating }) =>
    ofType(templating.list, "query").flatMap(({ name, query = "" }) => {
      const asked = /^label_values\((.+), [a-z_]+\)$/.exec(query)?.[1];
      if (asked === undefined) return [`${name}: ${query}`];
      return parsePromql(asked).errors.map((error) => `${name}: ${error}`);
    }),
  "template-on-time-change-reload": ({ templating }) =>
    ofType(templating.list, "query")
      .filter(({ refresh }) => refresh !== 2)
      .map(({ name }) => `${name} is not asked again when the time changes`),
  "panel-datasource": (dashboard) =>
    eachPanel(dashboard, ({ datasource, targets = [] }) => {
      const variables = ofType(dashboard.templating.list, "datasource");
      const allowed = variables.map(({ name }) => `\${${name}}`);
      return [datasource, ...targets.map((target) => target.datasource)]
        .filter((each) => !allowed.includes(each?.uid ?? ""))
        .map((each) => `uses ${each?.uid}`);
    }),
  "panel-title-description": (dashboard) =>
    eachPanel(dashboard, ({ title, description = "" }) =>
      complaint(title === "" || description === "", "has no title or no description"),
    ),
  "panel-units": (dashboard) =>
    eachPanel(dashboard, ({ type, fieldConfig }) =>
      complaint(
        type !== "logs" && !UNITS.has(fieldConfig?.defaults.unit ?? ""),
        `has unit ${fieldConfig?.defaults.unit}`,
      ),
    ),
  "panel-no-targets": (dashboard) =>
    eachPanel(dashboard, ({ targets = [] }) => complaint(targets.length === 0, "asks nothing")),
  "target-logql": (dashboard) =>
    eachQuery(dashboard, "loki", (expr) => [...parseLogql(expr).errors]),
  "target-logql-auto": (dashboard) =>
    eachQuery(dashboard, "loki", (expr, panel) =>
      [...expr.matchAll(/\[([^\]]+)\]/g)]
        .map(([, window]) => window)
        // A total at the end of the range is of the range.
        .filter((window) => window !== (panel.type === "table" ? "$__range" : "$__auto"))
        .map((window) => `counts over ${window}`),
    ),
  "target-promql": (dashboard) =>
    eachQuery(dashboard, "prometheus", (expr) => [...parsePromql(expr).errors]),
  "target-rate-interval": (dashboard) =>
    eachQuery(dashboard, "prometheus", (expr) =>
      [...expr.matchAll(/\b(?:rate|irate)\([^[]+\[([^\]]+)\]/g)]
        .filter(([, window]) => window !== "$__rate_interval")
        .map(([call]) => call),
    ),
  "target-job": (dashboard) => requiredMatcher(dashboard, "job", "collector_job"),
  "target-instance": (dashboard) => requiredMatcher(dashboard, "instance", "collector"),
  "target-counter-agg": (dashboard) =>
    eachQuery(dashboard, "prometheus", (expr) => {
      const rest = COUNTERS_READ_OTHERWISE.reduce(
        (text, { shape }) => text.replaceAll(shape, "vector(0)"),
        expr,
      );
      const parsed = parsePromql(rest);
      return nodes(parsed, "VectorSelector")
        .filter((node) => childTexts(parsed, node, "Identifier")[0]?.endsWith("_total"))
        .filter((node) => {
          const call = node.parent?.parent?.parent ?? null;
          const [name] = call === null ? [] : childTexts(parsed, call, "FunctionIdentifier");
          return !["rate", "irate", "increase"].includes(name ?? "");
        })
        .map((node) => textOf(parsed, node));
    }),
  "uneditable-dashboard": ({ editable }) =>
    complaint(editable, "can be edited where it is provisioned"),
};

/** Its exceptions, each of which some query must need. */
export const EXCEPTIONS = COUNTERS_READ_OTHERWISE;

function requiredVariable(dashboard: Dashboard, name: string, label: string): string[] {
  const variable = dashboard.templating.list.find((each) => each.name === name);
  if (variable === undefined) return [`there is no ${name}`];
  const { type, datasource, multi = false, allValue } = variable;
  return [
    ...complaint(type !== "query", `${name} is a ${type}`),
    ...complaint(datasource?.uid !== "${prometheus_datasource}", `${name} asks ${datasource?.uid}`),
    ...complaint(variable.label !== label, `${name} is labelled ${variable.label}`),
    ...complaint(!multi, `${name} is one only`),
    // The linter wants `.+`. The plugin for VictoriaLogs asks for all of a field where it is `.*`, and for one that is `.+` where
    // it is that: the one difference, and of metrics that all have the label it makes none.
    ...complaint(allValue !== storeOf(dashboard).all, `all of ${name} is ${allValue}`),
  ];
}

// The Collector's own metrics are another job's: they have variables of their own.
function requiredMatcher(dashboard: Dashboard, label: string, ofCollector: string): string[] {
  return eachQuery(dashboard, "prometheus", (expr) => {
    const parsed = parsePromql(expr);
    return nodes(parsed, "VectorSelector").flatMap((node) => {
      const [metric = ""] = childTexts(parsed, node, "Identifier");
      const wanted = `${label}=~"$${metric.startsWith("otelcol_") ? ofCollector : label}"`;
      return complaint(!textOf(parsed, node).includes(wanted), `${metric} without ${wanted}`);
    });
  });
}

function eachQuery(
  dashboard: Dashboard,
  type: string,
  rule: (expr: string, panel: Panel) => string[],
): string[] {
  return eachPanel(dashboard, (panel) =>
    (panel.targets ?? [])
      .filter(({ datasource }) => datasource.type === type)
      .flatMap(({ expr }) => rule(expr, panel)),
  );
}

function eachPanel(dashboard: Dashboard, rule: (panel: Panel) => string[]): string[] {
  return panelsOf(dashboard).flatMap((panel) =>
    rule(panel).map((what) => `${panel.title}: ${what}`),
  );
}

function ofType(variables: readonly Variable[], type: string): Variable[] {
  return variables.filter((variable) => variable.type === type);
}

function complaint(when: boolean, what: string): string[] {
  return when ? [what] : [];
}
