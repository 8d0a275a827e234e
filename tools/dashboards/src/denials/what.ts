import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { labelOf, recordsThen } from "../links.ts";

import { bars } from "../panels.ts";
import { perSecond } from "../promql.ts";
import { denials } from "../selectors.ts";
import { overTime } from "../targets.ts";
import type { LogStore } from "../stores/log-store.ts";

const A = ATTRIBUTES;

/** The row of what was refused, by which rule and why. Each panel links from a spike to its records. */
export const what = (store: LogStore) => [
  bars({
    id: 11,
    title: "By capability",
    description:
      "What was asked for and refused. Click a bar for the records around it. File system alone, with many targets, is a scan; network or subprocess is a guest that wants out; limit is a guest that ran too long or grew too large. Not by cell.",
  })
    .unit("cps")
    .withTarget(
      overTime(perSecond([A.capability], denials), `{{${prometheusLabel(A.capability)}}}`),
    )
    .dataLinks([recordsThen(store, { capability: labelOf(A.capability) })]),

  bars({
    id: 12,
    title: "By rule",
    description:
      "Which rule refused; “default” is no rule at all. Where default rises after a policy change, the policy is one rule short: the records' nearest rule says which one nearly fitted. Rules past the series budget are _other. Not by cell.",
  })
    .unit("cps")
    .withTarget(
      overTime(perSecond([A.policyRule], denials), `{{${prometheusLabel(A.policyRule)}}}`),
    )
    .dataLinks([recordsThen(store, { rule: labelOf(A.policyRule) })]),

  bars({
    id: 13,
    title: "By reason",
    description:
      "Why. no_rule, outside_scope, wrong_operation: the policy does not grant it. explicit_deny: a rule forbids it. malformed: a cell sent what no guard sends. kernel: the kernel refused. auth: a policy was to be reloaded with a wrong token. unavailable: it could not be decided, so look at the host. Not by cell.",
  })
    .unit("cps")
    .withTarget(overTime(perSecond([A.reason], denials), `{{${prometheusLabel(A.reason)}}}`))
    .dataLinks([recordsThen(store, { reason: labelOf(A.reason) })]),
];
