import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { blind, policyLoadCounted, policyLoaded } from "./annotations.ts";
import { layer } from "./denials/layer.ts";
import { now } from "./denials/now.ts";
import { policy } from "./denials/policy.ts";
import { recorded } from "./denials/recorded.ts";
import { what } from "./denials/what.ts";
import { who } from "./denials/who.ts";
import { page, withBands } from "./layout.ts";
import { DENIALS_UID, HEALTH_UID, toDashboard } from "./links.ts";
import * as variables from "./variables.ts";

/** What was refused, to whom, by which rule, by which layer, and am I blind? */
export function denialsDashboard(): Dashboard {
  const { prometheus, loki, tempo } = variables.dataSources;
  const dashboard = page(
    DENIALS_UID,
    "PyIsolate / Denials",
    "What was refused, to whom, by which rule and by which layer. From the top: is there anything to do, then what, who and which layer, then the records themselves. Click anything for its records.",
  )
    .variables([
      prometheus,
      loki,
      variables.job,
      variables.instance,
      variables.cell,
      variables.capability,
      variables.rule,
      variables.reason,
      variables.broker,
      variables.kernel,
      tempo,
      variables.service,
    ])
    .annotations([policyLoaded, policyLoadCounted, blind])
    .link(toDashboard("Telemetry health", HEALTH_UID));
  return withBands(dashboard, [
    { id: 100, title: "Now", panels: now },
    { id: 101, title: "What was refused, by which rule, and why", panels: what },
    { id: 102, title: "To whom", panels: who },
    { id: 103, title: "By which layer, and what is new", panels: layer },
    { id: 104, title: "The records", panels: recorded },
    { id: 105, title: "Policies and cells", panels: policy },
  ]);
}
