import { EVENTS, METRICS, prometheusName } from "@pyisolate/telemetry";
import { describe, expect, test } from "vitest";
import { GUEST_WRITTEN } from "./names.ts";
import { LOKI } from "./stores/loki.ts";
import { VICTORIALOGS } from "./stores/victorialogs.ts";
import { askedOfLogsql } from "./testing/asked.ts";
import {
  committedDashboards,
  dataLinksOf,
  panelsOf,
  queriesOf,
  storeOf,
  type Variable,
} from "./testing/committed.ts";
import {
  childTexts,
  nodes,
  parseLogql,
  type Parsed,
  parsePromql,
  textOf,
} from "./testing/syntax.ts";
import {
  knownFields,
  KNOWN_METRICS,
  KNOWN_PROMETHEUS_LABELS,
  LABELS_OF,
  VALUES_OF,
} from "./testing/vocabulary.ts";

/** Events that no panel shows, each with the reason. */
const NO_PANEL_FOR_EVENT: Readonly<Record<string, string>> = {
  "pyisolate.telemetry.probe": "says nothing of a denial: its arrival is all that the sender asks",
};

/** Metrics that no panel shows, each with the reason. */
const NOT_FOR_ONE: Readonly<Record<string, string>> = {
  // Shown by nothing but an annotation, in both dashboards.
  pyisolate_policy_loads_total: "a point in time, marked in every timeline",
};

const dashboards = committedDashboards();

describe.each(dashboards)("$title", (dashboard) => {
  const queries = queriesOf(dashboard);
  const promql = [
    ...queries.filter(({ datasource }) => datasource.type === "prometheus"),
    ...dashboard.templating.list.filter(({ type }) => type === "query").map(ofVariable),
  ].map(({ where, expr }) => ({ where, parsed: parsePromql(expr) }));
  const logql = queries
    .filter(({ datasource }) => datasource.type === "loki")
    .map(({ where, expr }) => ({ where, parsed: parseLogql(expr) }));
  // No grammar of it but the store's own: live.test.ts.
  const logsql = queries.filter(
    ({ datasource }) => datasource.type === VICTORIALOGS.dataSource.type,
  );
  const store = storeOf(dashboard);

  test("asks Prometheus, and one store of records", () => {
    expect((store === LOKI ? logql : logsql).length).toBeGreaterThan(1);
    expect(promql.length + logql.length + logsql.length).toBe(
      queries.length + dashboard.templating.list.filter(({ type }) => type === "query").length,
    );
    expect(store === LOKI ? logsql : logql).toEqual([]);
  });

  test("asks nothing that its language's own grammar does not know", () => {
    for (const { where, parsed } of [...promql, ...logql]) expect(parsed.errors, where).toEqual([]);
  });

  test("asks for metrics that exist, by labels that they have", () => {
    for (const { where, parsed } of promql) {
      for (const selector of nodes(parsed, "VectorSelector")) {
        const [metric = ""] = childTexts(parsed, selector, "Identifier");
        expect(KNOWN_METRICS, where).toContain(metric);
        const labels = LABELS_OF.get(metric) ?? KNOWN_PROMETHEUS_LABELS;
        for (const [label = ""] of matchers(parsed).filter(([, , of]) => of === metric)) {
          expect(labels, where).toContain(label);
        }
      }
      for (const label of nodes(parsed, "LabelName")) {
        expect(KNOWN_PROMETHEUS_LABELS, where).toContain(textOf(parsed, label));
      }
    }
  });

  test("asks for attributes that records have, of events that there are", () => {
    const events = Object.values(EVENTS).map(({ name }) => name as string);
    for (const { where, parsed } of logql) {
      for (const label of nodes(parsed, "Identifier")) {
        expect(knownFields(LOKI), where).toContain(textOf(parsed, label));
      }
      const [event = ""] = /event_name="([^"]+)"/.exec(parsed.text)?.slice(1) ?? [];
      expect(events, where).toContain(event);
    }
    for (const { where, expr } of logsql) {
      const { where: filters, shown = [], summed } = askedOfLogsql(expr);
      const { event_name: event = "" } = filters;
      expect(events, where).toContain(event.slice(1, -1));
      const fields = [...Object.keys(filters), ...shown, ...(summed?.by ?? [])];
      // The body is a field by its own name.
      const known = new Set([...knownFields(VICTORIALOGS), "_msg"]);
      expect(
        fields.filter((field) => !known.has(field)),
        where,
      ).toEqual([]);
    }
  });

  // A store bounds the series of an answer: a guest that writes the text could make a panel show an error instead.
  test("counts by nothing that a guest wrote", () => {
    const texts = [...promql, ...logql].map(({ where, parsed }) => ({ where, text: parsed.text }));
    const counting = logsql.map(({ where, expr }) => ({
      where,
      text: expr.replaceAll("uniq by", ""),
    }));
    for (const { where, text } of [...texts, ...counting]) {
      for (const [, labels = ""] of text.matchAll(/\bby \(([^)]*)\)/g)) {
        for (const label of GUEST_WRITTEN) expect(labels.split(", "), where).not.toContain(label);
      }
    }
  });

  test("looks for no value that a closed set does not have", () => {
    for (const { where, parsed } of [...promql, ...logql]) {
      for (const [, label = "", value = ""] of parsed.text.matchAll(/(\w+)="([^"$]*)"/g)) {
        expect(VALUES_OF.get(label) ?? [value], where).toContain(value);
      }
    }
  });

  test("uses only variables that it has", () => {
    const own = dashboard.templating.list.map(({ name }) => name);
    const used = JSON.stringify(dashboard).matchAll(/\$\{?(?!__)(\w+)/g);
    for (const [, name = ""] of used) expect(own).toContain(name);
  });

  test("names legends by labels that the query keeps", () => {
    for (const { title, targets = [] } of panelsOf(dashboard)) {
      for (const target of targets) {
        const { legendFormat = "" } = target as { legendFormat?: string };
        const grouped = [...target.expr.matchAll(/\bby \(([^)]*)\)/g)].at(-1)?.[1]?.split(", ");
        for (const [, label = ""] of legendFormat.matchAll(/\{\{([\w.]+)\}\}/g)) {
          expect(grouped ?? [...KNOWN_PROMETHEUS_LABELS], title).toContain(label);
        }
      }
    }
  });

  test("makes no link and no HTML of what a guest wrote", () => {
    const panels = panelsOf(dashboard);
    const html = JSON.stringify(panels.map(({ fieldConfig }) => fieldConfig));
    expect(panels.map(({ type }) => type)).not.toContain("text");
    expect(html).not.toMatch(/"type":"(?:markdown|html|image)"/);
    for (const annotation of dashboard.annotations.list) {
      const { titleFormat = "", textFormat = "", tagKeys = "" } = annotation;
      for (const label of GUEST_WRITTEN) {
        expect(titleFormat + textFormat + tagKeys, annotation.name).not.toContain(label);
      }
    }
    for (const link of panels.flatMap(dataLinksOf)) {
      expect(link.url).not.toMatch(/attempted|targets|line/i);
    }
  });

  test("encodes whatever value it puts into a link", () => {
    const inserted = panelsOf(dashboard)
      .flatMap(dataLinksOf)
      .flatMap(({ url }) => [...url.matchAll(/\$\{([^}]+)\}/g)])
      .map(([, expression = ""]) => expression);
    expect(inserted.length).toBeGreaterThan(0);
    for (const expression of inserted) {
      expect(expression).toMatch(/:(?:queryparam|percentencode)$|^__(?:value\.time|from|to)$/);
    }
  });
});

test("every metric is on a dashboard, or said why not", () => {
  const shown = JSON.stringify(dashboards.flatMap((each) => panelsOf(each)));
  const missing = Object.values(METRICS)
    .map(prometheusName)
    .filter((name) => !shown.includes(name));
  expect(missing).toEqual(Object.keys(NOT_FOR_ONE));
});

test.each([LOKI, VICTORIALOGS])(
  "every event is on a dashboard of $name, or said why not",
  (store) => {
    const shown = JSON.stringify(
      dashboards.filter((each) => storeOf(each) === store).flatMap((each) => panelsOf(each)),
    );
    const missing = Object.values(EVENTS)
      .map(({ name }) => name)
      .filter((name) => !shown.includes(`=\\"${name}\\"`));
    expect(missing).toEqual(Object.keys(NO_PANEL_FOR_EVENT));
  },
);

function ofVariable({ name, query = "" }: Variable) {
  return { where: name, expr: query.replace(/^label_values\((.+), \w+\)$/, "$1") };
}

function matchers(parsed: Parsed): [label: string, text: string, metric: string][] {
  return nodes(parsed, "UnquotedLabelMatcher").map((node) => {
    const selector = node.parent?.parent ?? null;
    const [metric = ""] = selector === null ? [] : childTexts(parsed, selector, "Identifier");
    const [label = ""] = childTexts(parsed, node, "LabelName");
    return [label, textOf(parsed, node), metric];
  });
}
