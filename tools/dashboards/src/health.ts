import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { annotations } from "./annotations.ts";
import { collector } from "./health/collector.ts";
import { now, overRange } from "./health/now.ts";
import { recordsOfDenials } from "./health/records.ts";
import { page, withBands } from "./layout.ts";
import { denialsUid, healthUid, toDashboard } from "./links.ts";
import type { LogStore } from "./stores/log-store.ts";
import { titleOf } from "./stores/stores.ts";
import { variablesOf } from "./variables.ts";

/** The dashboard of telemetry's health: whether the other page can be believed, and if not, where records or counts stop. */
export function healthDashboard(store: LogStore): Dashboard {
  const variables = variablesOf(store);
  const dashboard = page(
    healthUid(store),
    titleOf(store, "Telemetry health"),
    "Whether denials can be seen, and where on their way they stop if not: the service, the Collector, the store. From the top: blind or not, then what became of each record, then the Collector.",
  )
    .variables([
      variables.prometheus,
      variables.store,
      variables.job,
      variables.instance,
      variables.collectorJob,
      variables.collector,
      variables.service,
    ])
    .annotations(annotations(store))
    .link(toDashboard("Denials", denialsUid(store)));
  return withBands(dashboard, [
    { id: 100, title: "Am I blind?", panels: [...now, overRange(store)] },
    { id: 101, title: "What became of each record", panels: recordsOfDenials(store) },
    { id: 102, title: "The Collector", panels: collector(store) },
  ]);
}
