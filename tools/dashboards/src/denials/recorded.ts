import { ATTRIBUTES } from "@pyisolate/telemetry";
import { CLICKED, RECORDS_PANEL, recordsUrl, traceUrl } from "../links.ts";
import { TRACE_ID } from "../names.ts";
import { bars, logs, table } from "../panels.ts";
import { denialRecords } from "../selectors.ts";
import { type Column, fieldsOf, recordColumns, totals } from "../tables.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;

const shown = ({ fieldOf, level }: LogStore): Column[] => [
  [level, "Level"],
  [fieldOf(A.cell), "Cell"],
  [fieldOf(A.attemptedAction), "Attempted action"],
  [fieldOf(A.policyRule), "Rule"],
  [fieldOf(A.reason), "Reason"],
  [fieldOf(A.nearestRule), "Nearest rule"],
  [fieldOf(A.brokerDecision), "Broker"],
  [fieldOf(A.kernelDecision), "Kernel"],
  [fieldOf(A.kernelEvidence), "Evidence"],
  [fieldOf(A.denialCount), "Count"],
  [fieldOf(A.enforced), "Enforced"],
  [fieldOf(A.policyHash), "Policy"],
  [fieldOf(A.denialId), "Denial id"],
  [TRACE_ID, "Trace"],
];

const width = (value: number) => ({ id: "custom.width", value });

/** The row of the records themselves, filtered by every variable. */
export const recorded = (store: LogStore) => [
  bars({
    id: 40,
    title: "Denials by cell and operation, from the records",
    description: `The only timeline that follows every variable, cell and rule together, and by the time of the denial itself. Needs ${store.name}, and shows what arrived there: while telemetry is blind, the counters above have more. A burst counts as many as it was. ${store.advice.manySeries}`,
  })
    .span(14)
    .datasource(store.dataSource)
    .unit("short")
    .withTarget(store.denialsOverTime([A.cell, A.operation], denialRecords)),

  table({
    id: 42,
    title: "Most attempted actions",
    description: `What was tried and refused most, of the newest 1,000 records in the time chosen: ${store.advice.manyTargets} The text is the guest's, redacted: read it, do not run or paste it. A burst counts under the target of its first denial; its record has a sample of the others.`,
  })
    .span(10)
    .datasource(store.dataSource)
    .unit("short")
    .withTarget(
      store.table(denialRecords, [A.attemptedAction, A.denialCount].map(store.fieldOf), 1000),
    )
    .transformations(
      totals(
        [store.fieldOf(A.attemptedAction), "Attempted action"],
        [store.fieldOf(A.denialCount), "Denials"],
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
    .datasource(store.dataSource)
    .unit("string")
    .withTarget(store.table(denialRecords, fieldsOf(shown(store)), 500))
    .transformations(recordColumns(...shown(store)))
    .overrideByName("Time", [width(190)])
    .overrideByName("Level", [width(70)])
    .overrideByName("Cell", [
      {
        id: "links",
        value: [{ title: "Only this cell", url: recordsUrl(store, { cell: CLICKED }) }],
      },
    ])
    .overrideByName("Attempted action", [width(320)])
    .overrideByName("Trace", [
      { id: "links", value: [{ title: "Open the trace", url: traceUrl() }] },
    ]),

  logs(store, {
    id: 43,
    title: "Records as they came",
    description:
      "The same with all that they carry: open one for its targets, its policy and the process. What a guest wrote comes last in a line and in quotes. The newest 200.",
  }).withTarget(store.newest(denialRecords, 200)),
];
