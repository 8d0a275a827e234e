import type { Findings } from "../findings/findings.ts";
import { totalOf } from "../findings/ranking.ts";
import type { Instance } from "../findings/instance-presence.ts";
import type { TelemetryHealth } from "../findings/telemetry-health.ts";
import { lanesPlot } from "../plots/instance-lanes.ts";
import { figure } from "./figure.ts";
import type { Content, Sheet } from "./html-sheet.ts";
import { section, table } from "./tables.ts";
import { bytes, count, counted, duration, moment, span } from "./format-values.ts";

/** Most instances that are shown; those with troubles come first. */
const MOST_INSTANCES = 12;

/** The section on the telemetry: for each instance, when it was scraped, what it reported, and what became of its records. */
export function telemetrySection(
  sheet: Sheet,
  health: TelemetryHealth,
  findings: Findings,
): Element {
  const { h } = sheet;
  const instances = health.instances
    .toSorted((a, b) => severity(b) - severity(a))
    .slice(0, MOST_INSTANCES)
    .toSorted((a, b) => a.first - b.first);
  const left = health.instances.length - instances.length;
  return section(
    sheet,
    "telemetry",
    "Am I blind?",
    `An instance is a process that records denials. What it could not report while it was not heard is in its counters when it is heard again. Gaps of less than ${duration(health.resolution)} are not seen here, and a Collector repeats the last values of a service that is gone for some minutes.`,
    instances.length === 0
      ? h("p", { class: "empty" }, "No instance was heard in this range.")
      : [
          figure(sheet, (width) => lanesPlot(sheet, width, instances, findings.grid), [
            key(h, "well", "heard"),
            key(h, "warning", "said: degraded"),
            key(h, "alarm", "said: blind"),
            key(h, "unheard", "not heard"),
          ]),
          instanceTable(sheet, instances, findings),
          left > 0 ? h("p", {}, `${counted(left, "more instance")} without trouble.`) : undefined,
        ],
    h("div", { class: "columns" }, recordFates(sheet, health), asides(sheet, health)),
  );
}

function key(h: Sheet["h"], kind: string, text: string): Content {
  return h("span", { class: `key ${kind}` }, text);
}

function severity({ residual, gaps, troubles, queue }: Instance): number {
  return (residual === 0 ? 0 : 1000) + gaps.length * 10 + troubles.length * 10 + Math.sign(queue);
}

function instanceTable(
  sheet: Sheet,
  instances: readonly Instance[],
  { range, grid }: Findings,
): Element {
  const unheard = ({ gaps }: Instance): string =>
    gaps.length === 0
      ? "none"
      : `${duration(gaps.reduce((sum, { from, to }) => sum + to - from, 0))}: ${gaps
          .slice(0, 3)
          .map((gap) => span(gap, range))
          .join(", ")}${gaps.length > 3 ? ", …" : ""}`;
  return table<Instance>(
    sheet,
    "Instances",
    [
      { title: "Job", kind: "job", cell: ({ job }) => sheet.name(job) },
      { title: "Instance", kind: "wide", cell: ({ instance }) => sheet.name(instance) },
      { title: "Says it is", kind: "state", cell: ({ state }) => sheet.name(state) },
      {
        title: "Last heard",
        kind: "time",
        cell: ({ last }) => (grid.to - last < grid.step * 2 ? "at the end" : moment(last, range)),
      },
      { title: "Not heard", kind: "unheard", cell: unheard },
      {
        title: "Unaccounted",
        kind: "number",
        cell: ({ residual }) =>
          residual === 0 ? "0" : sheet.h("strong", { class: "telling" }, count(residual)),
      },
      {
        title: "Pending (peak)",
        kind: "number",
        cell: ({ queue, peak }) => `${count(queue)} (${count(peak)})`,
      },
    ],
    instances,
    "instances",
  );
}

function recordFates(sheet: Sheet, { records }: TelemetryHealth): Element {
  const rows: readonly (readonly [Content, number])[] = [
    ["Arrived as a record of their own", records.emitted],
    ["Told by another record’s count", records.coalesced],
    ...records.dropped.map(({ name, total }) => [["Dropped: ", sheet.name(name)], total] as const),
  ];
  return table<readonly [Content, number]>(
    sheet,
    `What became of the records of ${counted(records.emitted + records.coalesced + totalOf(records.dropped), "denial")}`,
    [
      { title: "Fate", kind: "wide", cell: ([fate]) => fate },
      { title: "Denials", kind: "number", cell: ([, total]) => count(total) },
    ],
    rows,
  );
}

function asides(sheet: Sheet, { spool, folded, redactionsFailed }: TelemetryHealth): Element {
  const rows: readonly (readonly [string, string])[] = [
    ["Spool", spool === undefined ? "not used" : `${bytes(spool.usage)} of ${bytes(spool.limit)}`],
    ["Events whose cell, rule or capability was folded away", count(totalOf(folded))],
    ["Targets left out because redaction failed", count(totalOf(redactionsFailed))],
  ];
  return table<readonly [string, string]>(
    sheet,
    "The recorder’s own limits",
    [
      { title: "What", kind: "wide", cell: ([what]) => what },
      { title: "Value", kind: "number", cell: ([, value]) => value },
    ],
    rows,
  );
}
