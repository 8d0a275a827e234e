import { PanelBuilder as StateTimeline } from "@grafana/grafana-foundation-sdk/statetimeline";
import { VisibilityMode } from "@grafana/grafana-foundation-sdk/common";
import { ATTRIBUTES, METRICS } from "@pyisolate/telemetry";
import { PROMETHEUS } from "../data-sources.ts";
import { denialsThen } from "../links.ts";
import { stat } from "../panels.ts";
import { is, series } from "../promql.ts";
import { inRange, stateExpression } from "../selectors.ts";
import { atEnd, overTime } from "../targets.ts";
import { neutral, STATE_WORDS, thresholds } from "../thresholds.ts";
import { residual } from "./ledger-residual.ts";
import type { LogStore } from "../stores/log-store.ts";

/** The top row: whether telemetry is blind, since when, and what was lost. */
export const now = [
  stat({
    id: 1,
    title: "State",
    description:
      "The worst of the services chosen. DEGRADED: records wait, or some were lost within the last minute. BLIND: none has arrived for a minute, though counters still do. ABSENT: nothing reports at all; is the service up, is its Collector, is that scraped? Next: “State over time” says who and since when, the Collector's rows say where it stops.",
  })
    .unit("none")
    .mappings(STATE_WORDS)
    .noValue("ABSENT")
    .withTarget(atEnd(stateExpression(""))),

  stat({
    id: 2,
    title: "Ledger residual",
    description:
      "Denials that are neither recorded, nor part of another's record, nor dropped for a reason, nor pending: the most of any process. It is 0 at every collection. If it stays at something else for more than a scrape or two, the numbers on these pages cannot be trusted: keep the process, and report it as a defect.",
  })
    .unit("none")
    .noValue("ABSENT")
    .withTarget(atEnd(`max(abs(${residual}))`)),

  stat({
    id: 3,
    title: "Without a record",
    description:
      "Denial events in the time chosen that are counted and have no record: dropped before they were handed on, or known to have been lost after. “Dropped by reason” says why, and what to do.",
  })
    .unit("short")
    .withTarget(atEnd(inRange(series(METRICS.records, is(ATTRIBUTES.outcome, "dropped"))))),

  stat({
    id: 4,
    title: "Waiting",
    description:
      "Denial events of whose record it is not yet known what became, now. A few hundred under load are usual. If it grows and does not fall, the Collector does not take what it is sent: look at its rows.",
  })
    .unit("short")
    .noValue("ABSENT")
    .thresholds(thresholds([4096, "orange"], [100_000, "red"]))
    .withTarget(atEnd(`sum(${series(METRICS.queueSize)})`)),

  stat({
    id: 5,
    title: "Spool in use",
    description:
      "Of its bound, the fullest. What waits there outlives the service; at 100 % the next records are dropped as spool_full. Bring the Collector back, or give the spool more bytes. “no spool” where none is set.",
  })
    .unit("percentunit")
    .decimals(0)
    .noValue("no spool")
    .thresholds(thresholds([0.5, "orange"], [0.8, "red"]))
    .withTarget(atEnd(`max(${series(METRICS.spoolUsage)} / ${series(METRICS.spoolLimit)})`)),

  stat({
    id: 6,
    title: "Processes that report",
    description:
      "Processes of the services chosen whose telemetry is here now. Fewer than run: some are not set up, cannot reach the Collector, or have died. A process that ended stays for 5 minutes.",
  })
    .unit("none")
    .noValue("NONE")
    .thresholds(neutral())
    .withTarget(atEnd(`count(${series(METRICS.queueSize)})`)),
];

export const overRange = (store: LogStore) =>
  new StateTimeline()
    .id(7)
    .title("State over time")
    .description(
      "Each process: since when it has been blind, and for how long. A gap is a time without samples: the process was down, or the Collector was, or it was not scraped. What was denied in it is counted where it ends, if the process is still there; its records come late if there is a spool.",
    )
    .datasource(PROMETHEUS)
    .span(24)
    .height(6)
    .unit("none")
    .mappings(STATE_WORDS)
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .withTarget(overTime(stateExpression(" by (job, instance)"), "{{job}} {{instance}}"))
    .dataLinks([denialsThen(store)]);
