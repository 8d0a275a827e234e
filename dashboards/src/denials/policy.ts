import { ATTRIBUTES, EVENTS, prometheusLabel } from "@pyisolate/telemetry";
import { LOKI } from "../data-sources.ts";
import { LOKI_INSTANCE, LOKI_SERVICE } from "../names.ts";
import { keep, records } from "../logql.ts";
import { bars, table } from "../panels.ts";
import { follows, perSecond } from "../promql.ts";
import { shadowVerdicts } from "../selectors.ts";
import { type Column, recordColumns } from "../tables.ts";
import { newest, overTime } from "../targets.ts";

const A = ATTRIBUTES;

const loaded: readonly Column[] = [
  [LOKI_SERVICE, "Service"],
  [prometheusLabel(A.policyName), "Policy"],
  [prometheusLabel(A.policyHash), "Hash"],
  [LOKI_INSTANCE, "Instance"],
];

const ended: readonly Column[] = [
  [prometheusLabel(A.cell), "Cell"],
  [prometheusLabel(A.closedCause), "Ended by"],
  [prometheusLabel(A.closedDenials), "Denials"],
  [prometheusLabel(A.closedAllowed), "Granted"],
  [prometheusLabel(A.ledgerEmitted), "Recorded"],
  [prometheusLabel(A.ledgerCoalesced), "In another's record"],
  [prometheusLabel(A.ledgerDropped), "Without a record"],
];

/** What decides, what would decide, and cells that are over. */
export const policy = [
  table({
    id: 51,
    title: "Policies that began to decide",
    description:
      "Loads and reloads, the newest first; the same are marked in every timeline. When denials change at such a mark, compare the two hashes' policies. A service whose hash differs from its fellows' was missed by a roll-out. Empty: none was loaded in the time chosen.",
  })
    .datasource(LOKI)
    .unit("string")
    .withTarget(
      newest(`${records(EVENTS.policyLoaded)} ${keep(loaded.map(([field]) => field))}`, 100),
    )
    .transformations(recordColumns(...loaded)),

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
    .datasource(LOKI)
    .unit("string")
    .withTarget(
      newest(
        `${records(EVENTS.cellClosed, follows(A.cell, "cell"))} ${keep(ended.map(([field]) => field))}`,
        200,
      ),
    )
    .transformations(recordColumns(...ended)),
];
