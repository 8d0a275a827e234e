import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { annotations } from "./annotations.ts";
import { layer } from "./denials/layer.ts";
import { now } from "./denials/now.ts";
import { policy } from "./denials/policy.ts";
import { recorded } from "./denials/recorded.ts";
import { what } from "./denials/what.ts";
import { who } from "./denials/who.ts";
import { page, withBands } from "./layout.ts";
import { denialsUid, healthUid, toDashboard } from "./links.ts";
import type { LogStore } from "./stores/log-store.ts";
import { titleOf } from "./stores/stores.ts";
import { variablesOf } from "./variables.ts";

/** The dashboard of denials: what was refused, to whom, by which rule and layer, and whether telemetry is blind. */
export function denialsDashboard(store: LogStore): Dashboard {
  const variables = variablesOf(store);
  const dashboard = page(
    denialsUid(store),
    titleOf(store, "Denials"),
    "What was refused, to whom, by which rule and by which layer. From the top: is there anything to do, then what, who and which layer, then the records themselves. Click anything for its records.",
  )
    .variables([
      variables.prometheus,
      variables.store,
      variables.job,
      variables.instance,
      variables.cell,
      variables.capability,
      variables.rule,
      variables.reason,
      variables.broker,
      variables.kernel,
      variables.tempo,
      variables.service,
    ])
    .annotations(annotations(store))
    .link(toDashboard("Telemetry health", healthUid(store)));
  return withBands(dashboard, [
    { id: 100, title: "Now", panels: now(store) },
    { id: 101, title: "What was refused, by which rule, and why", panels: what(store) },
    { id: 102, title: "To whom", panels: who(store) },
    { id: 103, title: "By which layer, and what is new", panels: layer(store) },
    { id: 104, title: "The records", panels: recorded(store) },
    { id: 105, title: "Policies and cells", panels: policy(store) },
  ]);
}
