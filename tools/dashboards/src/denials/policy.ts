import { ATTRIBUTES, EVENTS, prometheusLabel } from "@pyisolate/telemetry";
import { INSTANCE, SERVICE } from "../names.ts";
import { bars, table } from "../panels.ts";
import { perSecond } from "../promql.ts";
import { shadowVerdicts } from "../selectors.ts";
import { type Column, fieldsOf, recordColumns } from "../tables.ts";
import { overTime } from "../targets.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;

const loaded = ({ fieldOf }: LogStore): Column[] => [
  [fieldOf(SERVICE), "Service"],
  [fieldOf(A.policyName), "Policy"],
  [fieldOf(A.policyHash), "Hash"],
  [fieldOf(INSTANCE), "Instance"],
];

const ended = ({ fieldOf }: LogStore): Column[] => [
  [fieldOf(A.cell), "Cell"],
  [fieldOf(A.closedCause), "Ended by"],
  [fieldOf(A.closedDenials), "Denials"],
  [fieldOf(A.closedAllowed), "Granted"],
  [fieldOf(A.ledgerEmitted), "Recorded"],
  [fieldOf(A.ledgerCoalesced), "In another's record"],
  [fieldOf(A.ledgerDropped), "Without a record"],
];

/** The row of policies in force, of the shadow policy's verdicts, and of cells that have ended. */
export const policy = (store: LogStore) => [
  table({
    id: 51,
    title: "Policies that began to decide",
    description:
      "Loads and reloads, the newest first; the same are marked in every timeline. When denials change at such a mark, compare the two hashes' policies. A service whose hash differs from its fellows' was missed by a roll-out. Empty: none was loaded in the time chosen.",
  })
    .datasource(store.dataSource)
    .unit("string")
    .withTarget(store.table({ event: EVENTS.policyLoaded }, fieldsOf(loaded(store)), 100))
    .transformations(recordColumns(...loaded(store))),

  bars({
    id: 52,
    title: "What the shadow policy would change",
    description:
      "Verdicts that took no effect: where a shadow policy, loaded beside the one that decides, differs from it. Before you put it in force, each of these should be wanted. Empty without a shadow policy. Not by cell.",
  })
    .unit("cps")
    .noValue("no shadow verdicts")
    .withTarget(
      overTime(
        perSecond([A.policyRule, A.reason], shadowVerdicts),
        `{{${prometheusLabel(A.policyRule)}}} {{${prometheusLabel(A.reason)}}}`,
      ),
    ),

  table({
    id: 53,
    title: "Cells that ended",
    description:
      "Each cell's totals at its end, the newest first. Ended by limit: the guest ran too long, grew too large or asked too often. Denials without a record are counted but cannot be read: see Telemetry health.",
  })
    .datasource(store.dataSource)
    .unit("string")
    .withTarget(
      store.table(
        { event: EVENTS.cellClosed, follows: [[A.cell, "cell"]] },
        fieldsOf(ended(store)),
        200,
      ),
    )
    .transformations(recordColumns(...ended(store))),
];
