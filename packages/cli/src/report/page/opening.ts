import type { Answer, Findings } from "../findings/findings.ts";
import { totalOf } from "../findings/ranking.ts";
import type { Refusals } from "../findings/refusals.ts";
import type { TelemetryHealth } from "../findings/telemetry-health.ts";
import { blindness } from "./blindness.ts";
import type { Content, Sheet } from "./html-sheet.ts";
import { storeName } from "./store-name.ts";
import { operatorQuestions } from "./operator-questions.ts";
import { capital, clock, count, counted, day, duration, rate, share } from "./format-values.ts";

/** The top of the page, for a reader in a hurry: the number of denials, the questions with answers, and what is missing. */
export function opening(sheet: Sheet, findings: Findings): Content {
  const { h } = sheet;
  const { metrics, records } = findings;
  return [
    h(
      "header",
      {},
      h("p", { class: "eyebrow" }, "PyIsolate denial report"),
      h("h1", {}, headline(findings)),
      h("p", { class: "lede" }, when(findings), filtered(sheet, findings)),
    ),
    missing(sheet, "Prometheus", metrics, "the counts, the plots and the health of telemetry are"),
    missing(
      sheet,
      capital(storeName(findings.logStore)),
      records,
      "the records and the names of policies are",
    ),
    h("section", { "aria-label": "In short" }, operatorQuestions(sheet, findings)),
    metrics.ok ? figures(sheet, findings, metrics.value) : undefined,
  ];
}

function headline({ metrics, records, filter }: Findings): string {
  if (metrics.ok) {
    const { refusals, health } = metrics.value;
    if (health.instances.length === 0 && refusals.denials === 0) return "Nothing was heard";
    const cells = refusals.byCell.length;
    const refused = refusals.denials === 0 ? "No denial" : counted(refusals.denials, "denial");
    return filter.cell === undefined && cells > 1 ? `${refused} in ${count(cells)} cells` : refused;
  }
  if (!records.ok) return "Nothing could be asked";
  const { read, more } = records.value;
  return `${more ? "More than " : ""}${counted(read, "record of denials", "records of denials")}`;
}

function when({ range: { from, to } }: Findings): string {
  const end = day(from) === day(to) ? clock(to) : `${day(to)}, ${clock(to)}`;
  return `${day(from)}, ${clock(from)} to ${end} UTC, ${duration(to - from)}`;
}

function filtered({ name }: Sheet, { filter }: Findings): Content {
  const parts: Content[] = (["job", "instance", "cell"] as const).flatMap((key) => {
    const value = filter[key];
    return value === undefined ? [] : [[`, ${key} `, name(value)]];
  });
  return [
    parts.length === 0 ? ", all services" : parts,
    ".",
    filter.cell === undefined
      ? undefined
      : " Only cells are counted by cell: capabilities, rules, reasons and layers below are those of all cells.",
  ];
}

function missing(
  { h, name }: Sheet,
  who: string,
  answer: Answer<unknown>,
  what: string,
): Element | undefined {
  if (answer.ok) return undefined;
  return h(
    "aside",
    { class: "missing" },
    h("strong", {}, `${who} is missing`),
    ": ",
    what,
    " not on this page. ",
    answer.problem === undefined ? "It was not asked." : name(answer.problem, 400),
  );
}

/** The figures by which days can be compared. */
function figures(
  { h }: Sheet,
  { grid }: Findings,
  { refusals, health }: { readonly refusals: Refusals; readonly health: TelemetryHealth },
): Element {
  const { allow, deny } = refusals.decisions;
  const blind = blindness(health).reduce((sum, { from, to }) => sum + to - from, 0);
  const columns = grid.ends.map((_, index) =>
    refusals.byReason.reduce((sum, { columns }) => sum + (columns[index] ?? 0), 0),
  );
  const shown: readonly (readonly [string, string])[] = [
    ["Denials", count(refusals.denials)],
    ["At most", rate(Math.max(0, ...columns) / (grid.step / 1000))],
    ["Of all decisions", share(deny, allow + deny)],
    ["New rule and reason", count(refusals.newPairs.length)],
    ["Records dropped", count(totalOf(health.records.dropped))],
    ["Not heard", blind === 0 ? "0 s" : duration(blind)],
    ...(refusals.shadow > 0 ? [["By a shadow policy", count(refusals.shadow)] as const] : []),
  ];
  return h(
    "dl",
    { class: "figures" },
    shown.map(([what, value]) => h("div", {}, h("dt", {}, what), h("dd", {}, value))),
  );
}
