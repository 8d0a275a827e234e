import { describe, expect, test } from "vitest";
import {
  committedDashboards,
  type Dashboard,
  type Panel,
  panelsOf,
  storeOf,
} from "./testing/committed.ts";
import { EXCEPTIONS, LINTER } from "./testing/linter.ts";

const dashboards = committedDashboards();
const rules = Object.entries(LINTER).map(([name, rule]) => ({ name, rule }));

test("uids are unique, and short enough for a link", () => {
  const uids = dashboards.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const uid of uids) expect(uid).toMatch(/^[a-z-]{8,40}$/);
});

describe.each(dashboards)("$title", (dashboard) => {
  test("is in the format that every provisioned Grafana reads", () => {
    expect(dashboard.schemaVersion).toBe(42);
    expect(dashboard.tags).toContain("pyisolate");
    expect(dashboard.description).not.toBe("");
  });

  test("gives no id twice", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(ids.every(Number.isSafeInteger)).toBe(true);
  });

  test("fits into 24 columns, and no panel lies on another", () => {
    expect(overlaps(dashboard.panels)).toEqual([]);
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    }
  });

  test("wastes no line: each is as wide as the page", () => {
    const widths = Map.groupBy(dashboard.panels, ({ gridPos }) => gridPos.y);
    for (const [y, panels] of widths) {
      expect(
        panels.reduce((sum, { gridPos }) => sum + gridPos.w, 0),
        `line ${y}`,
      ).toBe(24);
      expect(new Set(panels.map(({ gridPos }) => gridPos.h)).size, `line ${y}`).toBe(1);
    }
  });

  test("begins with numbers that fit on the first screen", () => {
    const [first, ...others] = panelsOf(dashboard).toSorted((a, b) => a.gridPos.y - b.gridPos.y);
    const top = others.filter(({ gridPos }) => gridPos.y === first?.gridPos.y);
    expect([first, ...top].map((panel) => panel?.type)).toEqual(Array(6).fill("stat"));
  });

  test("says in each description what to do, in more than a few words", () => {
    for (const { title, description = "" } of panelsOf(dashboard)) {
      expect(description.length, title).toBeGreaterThan(60);
      expect(description, title).toMatch(/[.!]$/);
    }
  });

  test("links to each other dashboard of its store, and keeps services and time", () => {
    const others = dashboards.filter(
      (other) => other.uid !== dashboard.uid && storeOf(other) === storeOf(dashboard),
    );
    expect(
      dashboard.links.map(({ url, includeVars, keepTime }) => ({ url, includeVars, keepTime })),
    ).toEqual(others.map(({ uid }) => ({ url: `/d/${uid}`, includeVars: true, keepTime: true })));
  });

  test("says its annotations' queries in both places where a Grafana may look", () => {
    for (const { name, expr, target } of dashboard.annotations.list) {
      expect(target.expr, name).toBe(expr);
    }
  });

  test("names its queries apart within a panel", () => {
    for (const { title, targets = [] } of panelsOf(dashboard)) {
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    }
  });

  test.each(rules)("passes the linter's $name", ({ rule }) => {
    expect(rule(dashboard)).toEqual([]);
  });
});

describe("the linter's rules notice", () => {
  const broken: Record<string, (dashboard: Dashboard) => void> = {
    "template-datasource": ({ templating }) => rename(templating.list[0], "source"),
    "template-job": (dashboard) => drop(dashboard, "job"),
    "template-instance": (dashboard) => drop(dashboard, "instance"),
    "template-label-promql": (dashboard) =>
      variable(dashboard, "job", { query: "label_values(a{b, c)" }),
    "template-on-time-change-reload": (dashboard) => variable(dashboard, "job", { refresh: 1 }),
    "panel-datasource": (dashboard) => panel(dashboard, { datasource: { uid: "prometheus" } }),
    "panel-title-description": (dashboard) => panel(dashboard, { description: "" }),
    "panel-units": (dashboard) =>
      panel(dashboard, { fieldConfig: { defaults: {}, overrides: [] } }),
    "panel-no-targets": (dashboard) => panel(dashboard, { targets: [] }),
    "target-logql": (dashboard) => query(dashboard, "loki", "{a="),
    "target-logql-auto": (dashboard) => query(dashboard, "loki", 'rate({a="b"}[5m])'),
    "target-promql": (dashboard) => query(dashboard, "prometheus", "sum(a{"),
    "target-rate-interval": (dashboard) => query(dashboard, "prometheus", "rate(a_total[5m])"),
    "target-job": (dashboard) => query(dashboard, "prometheus", 'a{instance=~"$instance"}'),
    "target-instance": (dashboard) => query(dashboard, "prometheus", 'a{job=~"$job"}'),
    "target-counter-agg": (dashboard) => query(dashboard, "prometheus", "sum(a_total{})"),
    "uneditable-dashboard": (dashboard) => {
      dashboard.editable = true;
    },
  };

  test.each(rules)("what breaks $name", ({ name, rule }) => {
    const loki = dashboards.find(({ uid }) => uid === "pyisolate-denials");
    const dashboard = structuredClone(loki) as Dashboard;
    broken[name]?.(dashboard);
    expect(rule(dashboard)).not.toEqual([]);
  });

  test("nothing that no query needs as an exception", () => {
    const all = JSON.stringify(dashboards).replaceAll('\\"', '"');
    for (const { shape, reason } of EXCEPTIONS) expect(all.match(shape), reason).not.toBeNull();
  });
});

function overlaps(panels: readonly Panel[]): string[] {
  return panels.flatMap(({ gridPos: a, title }, index) =>
    panels
      .slice(index + 1)
      .filter(
        ({ gridPos: b }) =>
          a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
      )
      .map((other) => `${title} and ${other.title}`),
  );
}

function rename(variable: { name: string } | undefined, name: string): void {
  if (variable !== undefined) variable.name = name;
}

function drop({ templating }: Dashboard, name: string): void {
  templating.list = templating.list.filter((each) => each.name !== name);
}

function variable({ templating }: Dashboard, name: string, change: object): void {
  Object.assign(templating.list.find((each) => each.name === name) ?? {}, change);
}

function panel(dashboard: Dashboard, change: Partial<Panel>): void {
  Object.assign(panelsOf(dashboard)[0] ?? {}, change);
}

function query(dashboard: Dashboard, type: string, expr: string): void {
  const target = panelsOf(dashboard)
    .filter((each) => each.type === "timeseries")
    .flatMap(({ targets = [] }) => targets)
    .find(({ datasource }) => datasource.type === type);
  Object.assign(target ?? {}, { expr });
}
