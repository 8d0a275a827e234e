import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { ROOT } from "../tarballs.ts";
import { knownMetrics } from "./known-names.ts";
import { parsePromql, queriesIn } from "./promql.ts";
import { type Alert, ALERTS, RULES } from "./shipped.ts";

const KNOWN = knownMetrics();
const RECORDED = new Set(RULES.flatMap(({ record }) => record ?? []));
const LABELS = new Set([...KNOWN.values()].flatMap((labels) => [...labels.keys()]));

/** Every expression, those in the templates too, by the rule it stands in. */
const EXPRESSIONS = RULES.flatMap(({ alert, record, expr, annotations = {} }) =>
  [expr, ...Object.values(annotations).flatMap(queriesIn)].map(
    (expression) => [alert ?? record ?? "", parsePromql(expression)] as const,
  ),
);

describe("every name in a rule is one that exists", () => {
  test("metrics", () => {
    const metrics = EXPRESSIONS.flatMap(([, { selectors }]) =>
      selectors.map(({ metric }) => metric),
    );
    expect(metrics.filter((metric) => !KNOWN.has(metric) && !RECORDED.has(metric))).toEqual([]);
  });

  test("labels, on metrics that have them, with values that they have", () => {
    const wrong = EXPRESSIONS.flatMap(([rule, { selectors }]) =>
      selectors.flatMap(({ metric, labels }) =>
        labels
          .filter(({ name, value }) => !fits(metric, name, value))
          .map(({ name, value }) => `${rule}: ${metric}{${name}="${value ?? "a pattern"}"}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("labels to group and to join by", () => {
    const grouping = EXPRESSIONS.flatMap(([, asked]) => asked.grouping);
    expect(grouping.filter((label) => !LABELS.has(label))).toEqual([]);
  });

  test("labels in templates", () => {
    const used = ALERTS.flatMap((alert) =>
      templatesOf(alert).flatMap((text) => [...text.matchAll(/(?:\$labels|\.Labels)\.(\w+)/g)]),
    ).map(([, label]) => label ?? "");
    expect(used).not.toEqual([]);
    expect(used.filter((label) => !LABELS.has(label))).toEqual([]);
  });
});

test("every recorded name says its level, its metric and what was done to it", () => {
  for (const name of RECORDED)
    expect(name).toMatch(/^[a-z_]+:(?:pyisolate|otelcol)_[a-z_]+:[a-z_\d]+$/);
});

test("every recorded expression is used", () => {
  const used = new Set(
    EXPRESSIONS.flatMap(([, { selectors }]) => selectors.map(({ metric }) => metric)),
  );
  expect([...RECORDED].filter((name) => !used.has(name))).toEqual([]);
});

describe.each(ALERTS.map((alert) => [alert.alert, alert] as const))("%s", (name, alert) => {
  test("says how long, how bad, and what, in words", () => {
    expect(name).toMatch(/^Pyisolate(?:[A-Z][a-z]+)+$/);
    expect(alert.for).toMatch(/^\d+[smh]$/);
    expect(alert.keep_firing_for).toMatch(/^\d+[smh]$/);
    expect(alert.labels?.["severity"]).toMatch(/^(?:critical|warning|info)$/);
    for (const annotation of ["summary", "description"]) {
      expect(alert.annotations?.[annotation]).toMatch(/\w+ \w+/);
    }
  });

  // A label's value may be a tenant's choice. %q leaves it no quote, line or template of its own; a number needs none.
  test("takes label values as data", () => {
    for (const text of templatesOf(alert)) {
      for (const [action] of text.matchAll(/\{\{.*?\}\}/gs)) {
        const labels = action.match(/(?:\$labels|\.Labels)\b/g) ?? [];
        const quoted = action.match(/%q/g) ?? [];
        expect(quoted.length, action).toBe(labels.length);
        expect(action.replace(/^\{\{-? (?:range )?printf "/, ""), action).toSatisfy(
          (rest: string) => labels.length === 0 || rest !== action,
        );
      }
    }
  });

  test("asks either log store for the same records, if for any", () => {
    const { logs, logsql } = alert.annotations ?? {};
    expect(logs === undefined).toBe(logsql === undefined);
    if (logs === undefined || logsql === undefined) return;
    // Quotes are escaped where a template prints them, and `_` is what Loki has for `.`.
    const [pattern, ...labels] = logs.split(" $");
    const [other, ...otherLabels] = logsql.split(" $");
    expect(otherLabels).toEqual(labels);
    const asked = (text = "") =>
      [...text.replaceAll("\\", "").matchAll(/([\w.]+):?=("[^"~]*"|%q)/g)].map(
        ([, name = "", value]) => [name.replaceAll(".", "_"), value],
      );
    expect(asked(pattern).length).toBeGreaterThan(1);
    expect(asked(other)).toEqual(asked(pattern));
  });

  test("leads to its section of the runbook", () => {
    const [file, anchor] = alert.annotations?.["runbook_url"]?.split("#") ?? [];
    expect(file).toBe("docs/runbook.md");
    expect(anchor).toBe(name.toLowerCase());
    expect(HEADINGS).toContain(name);
  });
});

const RUNBOOK = readFileSync(path.join(ROOT, "docs/runbook.md"), "utf8");
const HEADINGS = [...RUNBOOK.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading ?? "");

test("every section of the runbook has its alert, and says what, who, where to look, what to do and when it is noise", () => {
  expect(HEADINGS.toSorted()).toEqual(ALERTS.map(({ alert }) => alert).toSorted());
  for (const section of RUNBOOK.split(/^## /m).slice(1)) {
    const [heading = ""] = section.split("\n");
    const severity = ALERTS.find(({ alert }) => alert === heading)?.labels?.["severity"];
    expect(section, heading).toContain(`Severity: ${severity}.`);
    for (const part of ["Means", "Affected", "Look first", "Do", "Noise when"]) {
      expect(section, heading).toContain(`**${part}:**`);
    }
  }
});

test("the runbook's queries parse, and ask for what exists", () => {
  const queries = [...RUNBOOK.matchAll(/^```promql\n(.*?)^```$/gms)].map(
    ([, query]) => query ?? "",
  );
  expect(queries.length).toBeGreaterThan(0);
  for (const query of queries) {
    for (const { metric, labels } of parsePromql(query).selectors) {
      expect(KNOWN.has(metric) || RECORDED.has(metric), `${metric} in ${query}`).toBe(true);
      for (const { name, value } of labels) expect(fits(metric, name, value), query).toBe(true);
    }
  }
});

/** Whether a metric has a label, and the label that value; of a recorded one, whether any metric has. */
function fits(metric: string, label: string, value: string | undefined): boolean {
  const all = KNOWN.has(metric) ? [KNOWN.get(metric)] : [...KNOWN.values()];
  return all.some((labels) => {
    if (labels?.has(label) !== true) return false;
    const values = labels.get(label);
    return value === undefined || values === undefined || values.includes(value);
  });
}

function templatesOf({ annotations = {} }: Alert): string[] {
  return Object.values(annotations);
}
