import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { columnOf, labelOf, LAST_DAY, recordsThen, recordsUrl } from "../links.ts";

import { bars, table } from "../panels.ts";
import { countedOver, perSecond, sumBy } from "../promql.ts";
import { denials } from "../selectors.ts";
import { columns } from "../tables.ts";
import { asTable, overTime } from "../targets.ts";
import { goodAtZero } from "../thresholds.ts";
import { newPairs } from "./new-pairs.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;
const VERDICTS = A.brokerDecision.values ?? [];

/** By which layer, and what is new. */
export const layer = (store: LogStore) => [
  table({
    id: 31,
    title: "Broker × kernel",
    description:
      "Who refused, in the time chosen: rows are the policy's verdict, columns the kernel's. Most belongs in deny × not_evaluated: the policy refused and the kernel was not asked. A column “deny” is there when the kernel refused: in the row allow, policy and kernel rules disagree; in not_evaluated, an escape attempt. “unavailable” is a layer that this host lacks. Click a number for its records. Not by cell.",
  })
    .unit("short")
    .withTarget(
      asTable(sumBy([A.brokerDecision, A.kernelDecision], countedOver(denials, "$__range"))),
    )
    .transformations([
      {
        id: "groupingToMatrix",
        options: {
          rowField: prometheusLabel(A.brokerDecision),
          columnField: prometheusLabel(A.kernelDecision),
          valueField: "Value",
          emptyValue: "zero",
        },
      },
      {
        id: "organize",
        options: {
          renameByName: {
            [`${prometheusLabel(A.brokerDecision)}\\${prometheusLabel(A.kernelDecision)}`]:
              "broker \\ kernel",
          },
        },
      },
    ])
    .overrideByRegexp(`/^(${VERDICTS.join("|")})$/`, [
      {
        id: "links",
        value: [
          {
            title: "Records with these verdicts",
            url: recordsUrl(store, {
              broker: "${__data.fields[0]:percentencode}",
              kernel: "${__field.name:percentencode}",
            }),
          },
        ],
      },
    ])
    .overrideByName("deny", [
      { id: "thresholds", value: goodAtZero().build() },
      { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
    ]),

  bars({
    id: 32,
    title: "By layer",
    description:
      "The same over time, as broker × kernel. Any kernel deny is worth the records behind it: click it. Not by cell.",
  })
    .unit("cps")
    .withTarget(
      overTime(
        perSecond([A.brokerDecision, A.kernelDecision], denials),
        `{{${prometheusLabel(A.brokerDecision)}}} × {{${prometheusLabel(A.kernelDecision)}}}`,
      ),
    )
    .dataLinks([
      recordsThen(store, { broker: labelOf(A.brokerDecision), kernel: labelOf(A.kernelDecision) }),
    ]),

  table({
    id: 33,
    title: "New in 24 h",
    description:
      "Rules that refused for a reason for which they had not in the 6 days before, and how often. Click a rule for its records of the last day. Empty is good. Not by cell.",
  })
    .unit("short")
    .noValue("nothing new")
    .withTarget(asTable(`sort_desc(${newPairs})`))
    .transformations(
      columns(
        [prometheusLabel(A.policyRule), "Rule"],
        [prometheusLabel(A.reason), "Reason"],
        ["Value", "Denials"],
      ),
    )
    .overrideByName("Rule", [
      {
        id: "links",
        value: [
          {
            title: "Its records of the last day",
            url: recordsUrl(
              store,
              { rule: columnOf("Rule"), reason: columnOf("Reason") },
              LAST_DAY,
            ),
          },
        ],
      },
    ]),
];
