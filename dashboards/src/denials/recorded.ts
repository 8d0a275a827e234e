import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { LOKI } from "../data-sources.ts";
import { CLICKED, RECORDS_PANEL, recordsUrl, traceUrl } from "../links.ts";
import { denialsBy, keep } from "../logql.ts";
import { LOKI_LEVEL, TRACE_ID } from "../names.ts";
import { bars, logs, table } from "../panels.ts";
import { denialRecords } from "../selectors.ts";
import { type Column, recordColumns, totals } from "../tables.ts";
import { countOverTime, newest } from "../targets.ts";

const A = ATTRIBUTES;

const shown: readonly Column[] = [
  [LOKI_LEVEL, "Level"],
  [prometheusLabel(A.cell), "Cell"],
  [prometheusLabel(A.attemptedAction), "Attempted action"],
  [prometheusLabel(A.policyRule), "Rule"],
  [prometheusLabel(A.reason), "Reason"],
  [prometheusLabel(A.nearestRule), "Nearest rule"],
  [prometheusLabel(A.brokerDecision), "Broker"],
  [prometheusLabel(A.kernelDecision), "Kernel"],
  [prometheusLabel(A.kernelEvidence), "Evidence"],
  [prometheusLabel(A.denialCount), "Count"],
  [prometheusLabel(A.enforced), "Enforced"],
  [prometheusLabel(A.policyHash), "Policy"],
  [prometheusLabel(A.denialId), "Denial id"],
  [TRACE_ID, "Trace"],
];

const width = (value: number) => ({ id: "custom.width", value });

/** The records themselves, by every variable. */
export const recorded = [
  bars({
    id: 40,
    title: "Denials by cell and operation, from the records",
    description:
      "The only timeline that follows every variable, cell and rule together, and by the time of the denial itself. Needs Loki, and shows what arrived there: while telemetry is blind, the counters above have more. A burst counts as many as it was. With more cells and operations than Loki counts apart, 500 unless it is set up otherwise, choose a cell, an instance or a capability.",
  })
    .span(14)
    .datasource(LOKI)
    .unit("short")
    .withTarget(
      countOverTime(
        denialsBy([A.cell, A.operation], denialRecords, "$__auto"),
        `{{${prometheusLabel(A.cell)}}} {{${prometheusLabel(A.operation)}}}`,
      ),
    ),

  table({
    id: 42,
    title: "Most attempted actions",
    description:
      "What was tried and refused most, of the newest 1,000 records in the time chosen: Loki refuses to count more than 500 different targets, and a scan has as many as it likes. The text is the guest's, redacted: read it, do not run or paste it. A burst counts under the target of its first denial; its record has a sample of the others.",
  })
    .span(10)
    .datasource(LOKI)
    .unit("short")
    .withTarget(
      newest(
        `${denialRecords} ${keep([A.attemptedAction, A.denialCount].map(prometheusLabel))}`,
        1000,
      ),
    )
    .transformations(
      totals(
        [prometheusLabel(A.attemptedAction), "Attempted action"],
        [prometheusLabel(A.denialCount), "Denials"],
        20,
      ),
    ),

  table({
    id: RECORDS_PANEL,
    title: "Records of denials",
    description:
      "Each denial, the newest first: what, to whom, by which rule and layer. Every link on this page leads here. A cell narrows the page to it; a trace opens in Tempo, and is there where the service traces. Level error is a kernel that refused what the policy allowed, or a limit that ended the cell. Attempted action is the guest's text, redacted. Nothing here, though denials are counted above: widen the time by a minute, then look at Telemetry health.",
  })
    .span(24)
    .height(12)
    .datasource(LOKI)
    .unit("string")
    .withTarget(newest(`${denialRecords} ${keep(shown.map(([field]) => field))}`, 500))
    .transformations(recordColumns(...shown))
    .overrideByName("Time", [width(190)])
    .overrideByName("Level", [width(70)])
    .overrideByName("Cell", [
      { id: "links", value: [{ title: "Only this cell", url: recordsUrl({ cell: CLICKED }) }] },
    ])
    .overrideByName("Attempted action", [width(320)])
    .overrideByName("Trace", [
      { id: "links", value: [{ title: "Open the trace", url: traceUrl() }] },
    ]),

  logs({
    id: 43,
    title: "Records as they came",
    description:
      "The same with all that they carry: open one for its targets, its policy and the process. What a guest wrote comes last in a line and in quotes. The newest 200.",
  }).withTarget(newest(denialRecords, 200)),
];
