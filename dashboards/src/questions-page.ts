import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { EVENTS } from "@pyisolate/telemetry";
import { records } from "./logql.ts";
import { QUESTIONS } from "./questions.ts";
import * as selectors from "./selectors.ts";

const HEAD = `# What an operator asks, and what answers

Questions from the trackers and dashboards of the systems that this one was compared with, and the panel that answers each.
Both dashboards and this page are written by \`pnpm generate\`, and a test runs every query against the real stores. A word in
capitals stands for what the [last section](#in-capitals) says.
`;

// What is asked for again and again. The longer ones first: some begin like others.
const NAMED: readonly (readonly [name: string, query: string])[] = [
  ["RECORDS_OF_DENIALS", selectors.denialRecords],
  ["ALL_RECORDS_OF_DENIALS", records(EVENTS.denial)],
  ["DENIALS", selectors.denials],
  ["SHADOW_VERDICTS", selectors.shadowVerdicts],
  ["DENIALS_OF_CELLS", selectors.denialsOfCells],
  ["ALLOWED_BUT_REFUSED", selectors.allowedButRefused],
  ["ESCAPE_ATTEMPTS", selectors.escapeAttempts],
  ["THESE", 'job=~"$job", instance=~"$instance"'],
];

/** docs/questions.md. */
export function questionsPage(dashboards: readonly Dashboard[]): string {
  const sections = dashboards.map((dashboard) => [
    `## ${dashboard.title ?? ""}`,
    "",
    "| question | asked in | panel | query |",
    "| --- | --- | --- | --- |",
    ...QUESTIONS.filter((question) => question.dashboard === dashboard.uid).map(
      ({ question, asked, panel }) => {
        const { title, queries } = answer(dashboard, panel, question);
        return `| ${question} | ${asked} | ${title} | ${queries.map(code).join("<br>")} |`;
      },
    ),
    "",
  ]);
  const legend = ["## In capitals", "", "| | |", "| --- | --- |"];
  for (const [name, query] of NAMED) legend.push(`| \`${name}\` | ${verbatim(query)} |`);
  return [HEAD, ...sections.flat(), ...legend, ""].join("\n");
}

function answer(dashboard: Dashboard, id: number, question: string) {
  const panel = (dashboard.panels ?? []).find((each) => each.id === id);
  if (panel === undefined || !("targets" in panel)) {
    throw new Error(`questions.ts: ${dashboard.title ?? ""} has no panel ${id} (“${question}”)`);
  }
  return { title: panel.title ?? "", queries: (panel.targets ?? []).map(exprOf) };
}

function exprOf(target: object): string {
  return "expr" in target ? String(target.expr) : "";
}

function code(query: string): string {
  return verbatim(NAMED.reduce((text, [name, part]) => text.replaceAll(part, name), query));
}

// In a table, also inside of code, a bar ends the cell.
function verbatim(query: string): string {
  return `\`${query.replaceAll("|", "\\|")}\``;
}
