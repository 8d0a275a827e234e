import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { columnOf, labelOf, LAST_DAY, recordsThen, recordsUrl } from "../links.ts";

import { bars, table } from "../panels.ts";
import { countedOver, perSecond, sumBy } from "../promql.ts";
import { denials } from "../selectors.ts";
import { columns } from "../tables.ts";
import { asTable, overTime } from "../targets.ts";
import { newPairs } from "./new-pairs.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;
const VERDICTS = A.brokerDecision.values ?? [];

/** The row that shows which layer refused, and which rules and reasons are new. */
export const layer = (store: LogStore) => [
  table({
    id: 31,
    title: "Broker × kernel",
    description:
      "Who refused, in the time chosen: rows are the policy's verdict, columns the kernel's. Most belongs in the row deny: in deny × deny both layers refuse, in deny × allow the policy is the only barrier, in deny × not_evaluated the kernel was not asked. In the column deny, the row allow is where policy and kernel rules disagree, or a cell is stale, and the row not_evaluated is an escape attempt. “unavailable” is a layer that this host lacks. Click a number for its records. Not by cell.",
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
    ]),

  bars({
    id: 32,
    title: "By layer",
    description:
      "The same over time, as broker × kernel. A kernel deny that is not the policy's as well is worth the records behind it: click it. Not by cell.",
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
