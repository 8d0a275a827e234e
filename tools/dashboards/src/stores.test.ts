import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { describe, expect, test } from "vitest";
import { EVENT_NAME, INSTANCE, SERVICE, TRACE_ID } from "./names.ts";
import { LOKI } from "./stores/loki.ts";
import { VICTORIALOGS } from "./stores/victorialogs.ts";
import { type AskedFor, askedOfLogql, askedOfLogsql } from "./testing/asked.ts";
import {
  committedDashboards,
  type Dashboard,
  dataLinksOf,
  type Panel,
  panelsOf,
  storeOf,
  type Target,
} from "./testing/committed.ts";

const all = committedDashboards();
const ofStore = (store: typeof LOKI) => all.filter((dashboard) => storeOf(dashboard) === store);

/** Each dashboard of VictoriaLogs with that of Loki. */
const pairs = ofStore(VICTORIALOGS).map((ours) => {
  const theirs = ofStore(LOKI).find(({ uid }) => `${uid}${VICTORIALOGS.suffix}` === ours.uid);
  if (theirs === undefined) throw new Error(`Loki has no ${ours.uid}`);
  return { title: theirs.title, ours, theirs };
});

/** Loki's names of attributes, back to them. */
const NAMED = new Map(
  [
    EVENT_NAME,
    SERVICE,
    INSTANCE,
    { name: TRACE_ID },
    { name: LOKI.level },
    ...Object.values(ATTRIBUTES),
  ].map((attribute) => [prometheusLabel(attribute), attribute.name]),
);

test("every dashboard is there once for each store", () => {
  expect(pairs).toHaveLength(2);
  expect(ofStore(LOKI)).toHaveLength(2);
});

describe.each(pairs)("$title", ({ ours, theirs }) => {
  const panels = panelsOf(ours).map((panel) => [panel, same(theirs, panel)] as const);

  test("has the same panels in the same places, with the same units, links and queries of Prometheus", () => {
    expect(panelsOf(theirs)).toHaveLength(panels.length);
    for (const [our, their] of panels) expect(storeless(our)).toEqual(storeless(their));
  });

  test("asks both stores for the same records, by the same variables, and shows the same of them", () => {
    const ofRecords = panels.flatMap(([our, their]) =>
      (our.targets ?? []).flatMap((target, index) =>
        target.datasource.type === VICTORIALOGS.dataSource.type
          ? [{ title: our.title, target, other: their.targets?.[index] }]
          : [],
      ),
    );
    expect(ofRecords.length).toBeGreaterThan(1);
    for (const { title, target, other } of ofRecords) {
      expect(other?.datasource, title).toEqual(LOKI.dataSource);
      expect(canonical(askedOfLogsql(target.expr)), title).toEqual(
        canonical(askedOfLogql(other?.expr ?? "", NAMED)),
      );
      expect(target.maxLines, title).toBe(other?.maxLines);
      expect(legendOf(target, (name) => name)).toBe(
        legendOf(other, (label) => NAMED.get(label) ?? label),
      );
    }
  });

  test("shows the same columns under the same headings", () => {
    for (const [our, their] of panels) {
      expect(headings(our), our.title).toEqual(headings(their));
    }
  });

  test("marks the same events", () => {
    const [our, ...others] = ours.annotations.list;
    const [their, ...theirOthers] = theirs.annotations.list;
    expect(askedOfLogsql(our?.expr ?? "").where).toEqual(
      askedOfLogql(their?.expr ?? "", NAMED).where,
    );
    expect(others.map(({ expr }) => expr)).toEqual(theirOthers.map(({ expr }) => expr));
  });

  test("has the same variables, but for the store's own", () => {
    const named = (dashboard: Dashboard, own: string) =>
      dashboard.templating.list.map(({ name, query }) =>
        name === own ? "the store" : `${name} ${query}`,
      );
    expect(named(ours, VICTORIALOGS.variable)).toEqual(named(theirs, LOKI.variable));
  });

  test("leads to its own store's dashboards only", () => {
    for (const [dashboard, { suffix }] of [
      [ours, VICTORIALOGS],
      [theirs, LOKI],
    ] as const) {
      const urls = [...panelsOf(dashboard).flatMap(dataLinksOf), ...dashboard.links].map(
        ({ url }) => url,
      );
      for (const url of urls.filter((each) => each.startsWith("/d/"))) {
        expect(url.replace(/\?.*/, "")).toMatch(
          new RegExp(`^/d/pyisolate-(?:denials|telemetry-health)${suffix}$`),
        );
      }
    }
  });
});

test("what asks for something else is told apart", () => {
  const asked = (expr: string) => canonical(askedOfLogsql(expr));
  const one = 'event_name:="a" pyisolate.cell:in($cell) | uniq by (_time, x)';
  expect(asked(one)).not.toEqual(asked(one.replace("$cell", "$rule")));
  expect(asked(one)).not.toEqual(asked(one.replace('"a"', '"b"')));
  expect(asked(one)).not.toEqual(asked(one.replace("x)", "x, y)")));
  expect(() => askedOfLogsql(`${one} | limit 1`)).toThrow("is not a pipe that is known");
  expect(() => askedOfLogsql("error")).toThrow("is not a filter that is known");
});

function same(dashboard: Dashboard, { id }: Panel): Panel {
  const panel = panelsOf(dashboard).find((each) => each.id === id);
  if (panel === undefined) throw new Error(`${dashboard.uid} has no panel ${id}`);
  return panel;
}

/** What of a panel no store may change. */
function storeless(panel: Panel) {
  const { type, gridPos, interval, fieldConfig, targets = [] } = panel;
  const urls = dataLinksOf(panel).map(({ url }) =>
    url.replaceAll(`${VICTORIALOGS.suffix}?`, "?").replaceAll(VICTORIALOGS.variable, LOKI.variable),
  );
  return {
    type,
    gridPos,
    interval,
    unit: fieldConfig?.defaults.unit,
    urls,
    promql: targets.map(({ datasource, expr }) => (datasource.type === "prometheus" ? expr : "")),
  };
}

/** Without what only orders it, and without the id by which VictoriaLogs tells one that was sent twice. */
function canonical({ where, shown, summed }: AskedFor) {
  const leftOut = new Set([ATTRIBUTES.denialId.name, VICTORIALOGS.level, LOKI.level]);
  return { where, shown: shown?.filter((name) => !leftOut.has(name)).toSorted(), summed };
}

function legendOf(target: Target | undefined, name: (label: string) => string): string {
  return (target?.legendFormat ?? "").replaceAll(
    /\{\{([\w.]+)\}\}/g,
    (_, label: string) => `{{${name(label)}}}`,
  );
}

/** The columns, by what either store or Prometheus calls them. */
function headings({ transformations = [] }: Panel) {
  return transformations.map(({ options }) =>
    Object.entries(options.renameByName ?? {}).map(([field, heading]) => {
      const [, label = field, rest = ""] = /^([\w.]+)( \(sum\))?$/.exec(field) ?? [];
      const called = NAMED.get(label) ?? label;
      return [called === LOKI.level ? VICTORIALOGS.level : `${called}${rest}`, heading];
    }),
  );
}
