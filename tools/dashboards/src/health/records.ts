import { ATTRIBUTES, EVENTS, METRICS, prometheusLabel } from "@pyisolate/telemetry";
import { INSTANCE, SERVICE } from "../names.ts";
import { bars, lines, table } from "../panels.ts";
import { is, perSecond, series } from "../promql.ts";
import { type Column, fieldsOf, recordColumns } from "../tables.ts";
import { overTime } from "../targets.ts";
import { residual } from "./ledger-residual.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;

// Every drop reason, by its name in the event.
const reasons = [...EVENTS.recordsDropped.attributes, ...EVENTS.recordsDropped.optional];

const notice = ({ fieldOf }: LogStore): Column[] => [
  [fieldOf(SERVICE), "Service"],
  [fieldOf(INSTANCE), "Instance"],
  ...reasons.map(({ name }): Column => [fieldOf({ name }), name.split(".").at(-1) ?? name]),
];

/** The row of what became of the records of denials. */
export const recordsOfDenials = (store: LogStore) => [
  bars({
    id: 11,
    title: "What became of records",
    description:
      "emitted: arrived, as far as is known. coalesced: a burst's denials that one record stands for; much of it is a flood, and no loss. dropped: counted, and without a record.",
  })
    .unit("cps")
    .withTarget(
      overTime(
        perSecond([A.outcome], series(METRICS.records)),
        `{{${prometheusLabel(A.outcome)}}}`,
      ),
    ),

  bars({
    id: 12,
    title: "Dropped by reason",
    description:
      "ring_full: more came at once than the recorder holds; raise ringSize. queue_full: nor was there room behind it; look at the Collector. export_failed, refused: the Collector answered no; its log says why. spool_full: give the spool more bytes; spool_failed: look at its disk. shutdown: the process ended first; give it more time, or a spool. disabled: the service has no logger for them. emit_failed, invalid: a defect of the service.",
  })
    .unit("cps")
    .withTarget(
      overTime(
        perSecond([A.dropReason], series(METRICS.records, is(A.outcome, "dropped"))),
        `{{${prometheusLabel(A.dropReason)}}}`,
      ),
    ),

  lines({
    id: 13,
    title: "Waiting, by process",
    description:
      "Denial events whose record is on its way. It falls to 0 when all is quiet. A ramp is an outage of the Collector; its end, that it came back.",
  })
    .unit("short")
    .withTarget(overTime(series(METRICS.queueSize), "{{job}} {{instance}}")),

  lines({
    id: 14,
    title: "Spool",
    description:
      "Bytes that wait on disk, and their bound. They are there because the Collector was not: it reads them when it is back. Near the bound, records are about to be dropped. Empty where no spool is set.",
  })
    .unit("bytes")
    .noValue("no spool")
    .withTarget(overTime(series(METRICS.spoolUsage), "{{job}} {{instance}} in use"))
    .withTarget(overTime(`max(${series(METRICS.spoolLimit)})`, "bound", "B")),

  bars({
    id: 15,
    title: "Folded into _other",
    description:
      "Denial events whose cell or rule did not fit into the series budget. Sums are exact, names are missing: the records have them. Lasting: raise maxSeries, or use fewer rules or names of cells.",
  })
    .unit("cps")
    .withTarget(
      overTime(
        perSecond([A.dimension], series(METRICS.folded)),
        `{{${prometheusLabel(A.dimension)}}}`,
      ),
    ),

  bars({
    id: 16,
    title: "Redaction failures",
    description:
      "Targets left out of their records because the service's own redact function failed. threw, not_text: it is wrong. slow, switched_off: it takes more than 5 ms. Nothing unredacted went out.",
  })
    .unit("cps")
    .withTarget(
      overTime(
        perSecond([A.redactionFailure], series(METRICS.redactions)),
        `{{${prometheusLabel(A.redactionFailure)}}}`,
      ),
    ),

  lines({
    id: 17,
    title: "Ledger residual, by process",
    description:
      "Since when the ledger does not balance, and whose. A flat 0 is the only good picture; a step that stays is a defect of the recorder, a spike within one scrape of a process's start or end is not.",
  })
    .span(10)
    .unit("none")
    .withTarget(overTime(residual, "{{job}} {{instance}}")),

  table({
    id: 18,
    title: "Drop notices in the stream",
    description:
      "What processes said themselves about denials without a record, the newest first: at most once a second each, with how many for which reason. Empty is good.",
  })
    .span(14)
    .datasource(store.dataSource)
    .unit("string")
    .noValue("none")
    .withTarget(store.table({ event: EVENTS.recordsDropped }, fieldsOf(notice(store)), 200))
    .transformations(recordColumns(...notice(store))),
];
