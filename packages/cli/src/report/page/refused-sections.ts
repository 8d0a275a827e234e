import type { Findings } from "../findings/findings.ts";
import { LOOK_BACK } from "../findings/increases.ts";
import type { Ranked } from "../findings/ranking.ts";
import type { NewPair, Refusals } from "../findings/refusals.ts";
import type { TelemetryHealth } from "../findings/telemetry-health.ts";
import { coursePlot } from "../plots/denials-over-time.ts";
import { figure } from "./figure.ts";
import { layersTable } from "./layers-table.ts";
import { rankingTable } from "./ranking-table.ts";
import type { Content, Sheet } from "./html-sheet.ts";
import { section, table } from "./tables.ts";
import { blindness } from "./blindness.ts";
import { count, moment } from "./format-values.ts";

/** How many reasons have a colour of their own; all others share one. */
const LAYERS = 5;
const MOST_PAIRS = 40;

/** The sections from the counters: when, what, by which rule, in which cell, and by which layer. */
export function refusedSections(
  sheet: Sheet,
  findings: Findings,
  { refusals, health }: { readonly refusals: Refusals; readonly health: TelemetryHealth },
): Content {
  const { h } = sheet;
  const layers = coloured(refusals.byReason);
  const loads = policyTimes(findings, health);
  const course = { grid: findings.grid, layers, silences: blindness(health), policyLoads: loads };
  const colours = new Map(layers.map(({ name }, layer) => [name, layer]));
  const swatch = (name: string): Element =>
    h("span", {
      class: `swatch layer-${(colours.get(name) ?? layers.length - 1) + 1}`,
      "aria-hidden": "true",
    });
  return [
    section(
      sheet,
      "course",
      "When",
      "Denials a second, by reason.",
      figure(sheet, (width) => coursePlot(sheet, width, course), [
        layers.map(({ name }) => h("span", { class: "key" }, swatch(name), sheet.name(name))),
        loads.length > 0 ? h("span", { class: "key policy" }, "policy changed") : undefined,
        course.silences.length > 0 ? h("span", { class: "key unheard" }, "not heard") : undefined,
      ]),
    ),
    section(
      sheet,
      "refused",
      "What, by which rule, to whom",
      ["A denial by no rule is ", sheet.name("default"), ": nothing granted it."],
      h(
        "div",
        { class: "columns" },
        rankingTable(sheet, "Reason", refusals.byReason, ({ name }) => [
          swatch(name),
          sheet.name(name),
        ]),
        rankingTable(sheet, "Capability", refusals.byCapability),
        rankingTable(sheet, "Rule", refusals.byRule),
        rankingTable(sheet, "Cell", refusals.byCell),
      ),
    ),
    h(
      "div",
      { class: "columns" },
      section(
        sheet,
        "layers",
        "By which layer",
        "The kernel says deny only with evidence.",
        layersTable(sheet, refusals),
      ),
      section(
        sheet,
        "new",
        "What is new",
        `Rules and reasons that had refused nothing in the ${LOOK_BACK.words} before.`,
        newTable(sheet, refusals.newPairs, findings),
      ),
    ),
  ];
}

function coloured(byReason: readonly Ranked[]): Ranked[] {
  if (byReason.length <= LAYERS + 1) return [...byReason];
  const rest = byReason.slice(LAYERS);
  return [
    ...byReason.slice(0, LAYERS),
    {
      name: "others",
      total: rest.reduce((sum, { total }) => sum + total, 0),
      columns: (rest[0]?.columns ?? []).map((_, column) =>
        rest.reduce((sum, { columns }) => sum + (columns[column] ?? 0), 0),
      ),
    },
  ];
}

/** When policies came into force: from the log store, which has the moment, or else from the counters, to a column's width. */
function policyTimes({ records }: Findings, { policyLoads }: TelemetryHealth): number[] {
  return records.ok && records.value.policyLoads.length > 0
    ? records.value.policyLoads.map(({ time }) => time)
    : policyLoads.map(({ time }) => time);
}

function newTable(sheet: Sheet, pairs: readonly NewPair[], { range }: Findings): Element {
  const { h } = sheet;
  if (pairs.length === 0) return h("p", { class: "empty" }, "Nothing.");
  return h(
    "div",
    {},
    table<NewPair>(
      sheet,
      h("span", { class: "unseen" }, "New rules and reasons"),
      [
        {
          title: "Rule, reason",
          kind: "wide",
          cell: ({ rule, reason, capabilities }) => [
            sheet.name(rule),
            ", ",
            sheet.name(reason),
            h(
              "span",
              { class: "why" },
              capabilities.map((capability) => [" ", sheet.name(capability)]),
            ),
          ],
        },
        { title: "Since", kind: "time", cell: ({ since }) => moment(since, range) },
        { title: "Denials", kind: "number", cell: ({ total }) => count(total) },
      ],
      pairs.slice(0, MOST_PAIRS),
    ),
    pairs.length > MOST_PAIRS
      ? h("p", {}, `${count(pairs.length - MOST_PAIRS)} more are not shown.`)
      : undefined,
  );
}
