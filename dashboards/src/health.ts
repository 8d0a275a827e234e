import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { blind, policyLoadCounted, policyLoaded } from "./annotations.ts";
import { collector } from "./health/collector.ts";
import { now, overRange } from "./health/now.ts";
import { recordsOfDenials } from "./health/records.ts";
import { page, withBands } from "./layout.ts";
import { DENIALS_UID, HEALTH_UID, toDashboard } from "./links.ts";
import * as variables from "./variables.ts";

/** Can what the other page shows be believed, and if not, where does it stop? */
export function healthDashboard(): Dashboard {
  const { prometheus, loki } = variables.dataSources;
  const dashboard = page(
    HEALTH_UID,
    "PyIsolate / Telemetry health",
    "Whether denials can be seen, and where on their way they stop if not: the service, the Collector, the store. From the top: blind or not, then what became of each record, then the Collector.",
  )
    .variables([
      prometheus,
      loki,
      variables.job,
      variables.instance,
      variables.collectorJob,
      variables.collector,
      variables.service,
    ])
    .annotations([policyLoaded, policyLoadCounted, blind])
    .link(toDashboard("Denials", DENIALS_UID));
  return withBands(dashboard, [
    { id: 100, title: "Am I blind?", panels: [...now, overRange] },
    { id: 101, title: "What became of each record", panels: recordsOfDenials },
    { id: 102, title: "The Collector", panels: collector },
  ]);
}
