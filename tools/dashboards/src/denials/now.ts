import { BigValueGraphMode } from "@grafana/grafana-foundation-sdk/common";
import { ATTRIBUTES, METRICS } from "@pyisolate/telemetry";
import { dataLink, healthUrl, LAST_DAY, recordsUrl } from "../links.ts";
import { stat } from "../panels.ts";
import { counted, follows, is, orZero, series, sumBy } from "../promql.ts";
import {
  allowedButRefused,
  denials,
  escapeAttempts,
  inRange,
  stateExpression,
} from "../selectors.ts";
import { atEnd, overTime } from "../targets.ts";
import { neutral, STATE_WORDS, thresholds } from "../thresholds.ts";
import { newPairs } from "./new-pairs.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;
const capability = follows(A.capability, "capability");
const increase = (...matchers: string[]) =>
  sumBy([], `increase(${series(METRICS.decisions, capability, ...matchers)}[$__range])`);

/** The top row: whether there is anything to do, and whether the page can be believed. */
export const now = (store: LogStore) => [
  stat({
    id: 1,
    title: "Denials/s",
    description:
      "Denials that took effect, mean of the last 5 minutes. Click for the records. Follows every variable but the cell, which this counter does not have: for one cell see “Denials by cell”.",
  })
    .unit("cps")
    .decimals(2)
    .thresholds(neutral())
    .graphMode(BigValueGraphMode.Area)
    .withTarget(
      overTime(
        orZero(`${sumBy([], counted(denials, "5m"))} / 300`),
        "denials/s, mean of 5 minutes",
      ),
    )
    .dataLinks([dataLink("Records", recordsUrl(store))]),

  stat({
    id: 2,
    title: "Deny ratio",
    description:
      "Refused of all requests in the time chosen, by capability only. Services at work are refused little: a ratio that rises at a steady number of requests is a policy one rule short, or a guest that probes. See “By rule”.",
  })
    .unit("percentunit")
    .decimals(1)
    .thresholds(thresholds([0.1, "orange"], [0.5, "red"]))
    .withTarget(atEnd(orZero(`${increase(is(A.decision, "deny"))} / (${increase()} > 0)`))),

  stat({
    id: 3,
    title: "New rule × reason, 24 h",
    description:
      "Rules that refused for a reason for which they had not in the 6 days before. After a policy change: what it broke. Without one: something that guests have begun to try. Click for the last day's records; the table “New in 24 h” names them. Where Prometheus is younger than a day, everything is new.",
  })
    .unit("none")
    .thresholds(thresholds([1, "orange"]))
    .withTarget(atEnd(orZero(`count(${newPairs})`)))
    .dataLinks([dataLink("Records of the last day", recordsUrl(store, {}, LAST_DAY))]),

  stat({
    id: 4,
    title: "Kernel refused an allow",
    description:
      "allow × deny: what the policy granted and the kernel refused, in the time chosen. Above 0, policy and kernel rules disagree, or a guest got past a check: open the records, look at target and policy hash, and compare the policy with the cell's kernel rules before you allow anything. Follows job and instance only.",
  })
    .unit("none")
    .withTarget(atEnd(inRange(allowedButRefused)))
    .dataLinks([dataLink("Records", recordsUrl(store, { broker: "allow", kernel: "deny" }))]),

  stat({
    id: 5,
    title: "Escape attempts",
    description:
      "The kernel refused what no request had asked for, in the time chosen: a guest left its guards. Above 0, keep the cell's policy and records, and do not run that guest again. Follows job and instance only.",
  })
    .unit("none")
    .withTarget(atEnd(inRange(escapeAttempts)))
    .dataLinks([
      dataLink("Records", recordsUrl(store, { broker: "not_evaluated", kernel: "deny" })),
    ]),

  stat({
    id: 6,
    title: "Telemetry",
    description:
      "The worst state of the services chosen. BLIND or ABSENT: what this page does not show may have happened all the same; counters that can be read are right, records are missing. Click for what is wrong.",
  })
    .unit("none")
    .mappings(STATE_WORDS)
    .noValue("ABSENT")
    .withTarget(atEnd(stateExpression("")))
    .dataLinks([dataLink("Telemetry health", healthUrl(store))]),
];
