import { prometheusLabel } from "@pyisolate/telemetry";
import { DashboardLinkBuilder, DashboardLinkType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Attribute } from "./names.ts";
import type { LogStore } from "./stores/log-store.ts";
import { shared } from "./variables.ts";

/** The dashboards of a store, by their uids. */
export const denialsUid = ({ suffix }: LogStore) => `pyisolate-denials${suffix}`;
export const healthUid = ({ suffix }: LogStore) => `pyisolate-telemetry-health${suffix}`;

/** The panel that links to records open, by its id. */
export const RECORDS_PANEL = 41;

/** The variables that records are filtered by. */
const FILTERS = ["cell", "capability", "rule", "reason", "broker", "kernel"] as const;

/** Which records, by filter: a constant, or a value in Grafana's syntax and percent-encoded, wherever it comes from. */
export type Chosen = Partial<Record<(typeof FILTERS)[number], string>>;

/** The value of a clicked series' label. */
export function labelOf(attribute: Attribute): string {
  return `\${__field.labels.${prometheusLabel(attribute)}:percentencode}`;
}

/** The value in a column of the clicked row, by its heading. */
export function columnOf(heading: string): string {
  return `\${__data.fields.${heading}:percentencode}`;
}

/** The value of the clicked cell. */
export const CLICKED = "${__value.raw:percentencode}";

/** Five minutes before and after the point that was clicked: counters arrive up to a minute after records. */
const THEN = "time=${__value.time}&time.window=600000";
const RANGE = "from=${__from}&to=${__to}";
export const LAST_DAY = "from=now-24h&to=now";

/** A link from a spike to its records. */
export function recordsThen(store: LogStore, chosen: Chosen): DashboardLinkBuilder {
  return dataLink("Records around this time", recordsUrl(store, chosen, THEN));
}

/** A link from a total to its records. */
export function recordsUrl(store: LogStore, chosen: Chosen = {}, time: string = RANGE): string {
  const kept = [...shared(store), ...FILTERS.filter((filter) => chosen[filter] === undefined)];
  const query = [
    ...kept.map((name) => `\${${name}:queryparam}`),
    ...Object.entries(chosen).map(([name, value]) => `var-${name}=${value}`),
    time,
    `viewPanel=panel-${RECORDS_PANEL}`,
  ];
  return `/d/${denialsUid(store)}?${query.join("&")}`;
}

/** A link from a record to its trace. A trace id is hexadecimal, also of a hostile sender: it cannot end the string that it stands in. */
export function traceUrl(): string {
  const panes = JSON.stringify({
    trace: {
      datasource: "${tempo_datasource:percentencode}",
      queries: [{ refId: "A", queryType: "traceql", query: CLICKED }],
      range: { from: "${__from}", to: "${__to}" },
    },
  });
  return `/explore?schemaVersion=1&panes=${encodeAroundVariables(panes)}`;
}

/** A link to the dashboard of telemetry's health, with the chosen services and time. */
export function healthUrl(store: LogStore): string {
  return `/d/${healthUid(store)}?${services(store)}&${RANGE}`;
}

/** A link from a time in which a process was blind to the denials around it. */
export function denialsThen(store: LogStore): DashboardLinkBuilder {
  return dataLink("Denials around this time", `/d/${denialsUid(store)}?${services(store)}&${THEN}`);
}

/** The link to the other dashboard, at the top of the page. */
export function toDashboard(title: string, uid: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .url(`/d/${uid}`)
    .icon("dashboard")
    .tooltip(`${title}, with the same services and time`)
    .includeVars(true)
    .keepTime(true);
}

export function dataLink(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url);
}

function services(store: LogStore): string {
  return shared(store)
    .map((name) => `\${${name}:queryparam}`)
    .join("&");
}

// Not encoded: Grafana replaces its variables before the URL is decoded.
function encodeAroundVariables(text: string): string {
  return text
    .split(/(\$\{[^}]+\})/)
    .map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part)))
    .join("");
}
