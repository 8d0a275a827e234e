import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { EVENTS } from "@pyisolate/telemetry";
import { DASHBOARD_NAMES, type DashboardName, QUESTIONS } from "./questions.ts";
import * as selectors from "./selectors.ts";
import type { LogStore } from "./stores/log-store.ts";
import { LOG_STORES } from "./stores/stores.ts";

const HEAD = `# What an operator asks, and what answers

Questions from the trackers and dashboards of the systems that this one was compared with, and the panel that answers each.
The dashboards and this page are written by \`pnpm generate\`. A word in capitals stands for what the [last section](#in-capitals)
says.

What counters answer is PromQL. What records answer stands here three times: in LogsQL, as the dashboards of VictoriaLogs ask it,
each query run by a test on the real store; in LogQL, as those of Loki ask it, held by its makers' own grammar; and for \`jq\`, on
the Collector's own file, where there is no store, run by a test on the file of a real Collector:

\`\`\`sh
jq -nc -L docs 'include "records"; QUERY' denials*.jsonl
\`\`\`
`;

/** A dashboard of one store. */
export interface OfStore {
  readonly name: DashboardName;
  readonly store: LogStore;
  readonly dashboard: Dashboard;
}

// Abbreviations of expressions that many queries share. The longer ones come first, because some begin like others.
const NAMED: readonly (readonly [name: string, query: string])[] = [
  ...named("RECORDS_OF_DENIALS", (store) => store.records(selectors.denialRecords)),
  ...named("ALL_RECORDS_OF_DENIALS", (store) => store.records({ event: EVENTS.denial })),
  ["DENIALS", selectors.denials],
  ["SHADOW_VERDICTS", selectors.shadowVerdicts],
  ["DENIALS_OF_CELLS", selectors.denialsOfCells],
  ["ALLOWED_BUT_REFUSED", selectors.allowedButRefused],
  ["ESCAPE_ATTEMPTS", selectors.escapeAttempts],
  ["THESE", 'job=~"$job", instance=~"$instance"'],
];

/** The text of docs/questions.md. */
export function questionsPage(dashboards: readonly OfStore[]): string {
  const sections = DASHBOARD_NAMES.flatMap((name) => {
    const ofStores = dashboards.filter((each) => each.name === name);
    const [first] = ofStores;
    return [
      `## ${first?.dashboard.title?.replace(/,.*/, "") ?? ""}`,
      "",
      "| question | asked in | panel | query |",
      "| --- | --- | --- | --- |",
      ...QUESTIONS.filter(({ dashboard }) => dashboard === name).map(
        ({ question, asked, panel, jq }) => {
          const { title, queries } = answer(ofStores, panel, question, jq);
          return `| ${question} | ${asked} | ${title} | ${queries.join("<br>")} |`;
        },
      ),
      "",
    ];
  });
  const legend = ["## In capitals", "", "| | |", "| --- | --- |"];
  const queriesOf = Map.groupBy(NAMED, ([name]) => name);
  for (const [name, of] of queriesOf)
    legend.push(`| \`${name}\` | ${of.map(([, query]) => verbatim(query)).join("<br>")} |`);
  return [HEAD, ...sections, ...legend, ""].join("\n");
}

function answer(dashboards: readonly OfStore[], id: number, question: string, jq?: string) {
  const panels = dashboards.map(({ store, dashboard }) => {
    const panel = (dashboard.panels ?? []).find((each) => each.id === id);
    if (panel === undefined || !("targets" in panel)) {
      throw new Error(`questions.ts: ${dashboard.title ?? ""} has no panel ${id} (“${question}”)`);
    }
    return { store, title: panel.title ?? "", queries: (panel.targets ?? []).map(exprOf) };
  });
  const [first] = panels;
  const ofRecords = panels.some(({ queries }) => queries.join() !== first?.queries.join());
  if (ofRecords !== (jq !== undefined))
    throw new Error(
      `questions.ts: what records answer has a jq, and nothing else has (“${question}”)`,
    );
  return {
    title: ofRecords ? (first?.title.replace(` in ${first.store.name}`, "") ?? "") : first?.title,
    queries: ofRecords
      ? [
          ...panels.map(({ store, queries }) => `${store.name}: ${queries.map(code).join(", ")}`),
          `\`jq\`: ${verbatim(jq ?? "")}`,
        ]
      : (first?.queries ?? []).map(code),
  };
}

function exprOf(target: object): string {
  return "expr" in target ? String(target.expr) : "";
}

function named(name: string, query: (store: LogStore) => string) {
  return LOG_STORES.map((store) => [name, query(store)] as const);
}

function code(query: string): string {
  return verbatim(NAMED.reduce((text, [name, part]) => text.replaceAll(part, name), query));
}

// In a table a bar ends the cell, even inside code.
function verbatim(query: string): string {
  return `\`${query.replaceAll("|", "\\|")}\``;
}
