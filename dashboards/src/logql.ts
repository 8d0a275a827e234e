import { ATTRIBUTES, prometheusLabel } from "@pyisolate/telemetry";
import { type Attribute, type Event, EVENT_NAME, LOKI_INSTANCE, LOKI_SERVICE } from "./names.ts";

/** The records of one event, of the services chosen. */
export function records(event: Event, ...matchers: readonly string[]): string {
  const stages = [`${EVENT_NAME}="${event.name}"`, ...matchers].map((matcher) => `| ${matcher}`);
  return `{${LOKI_SERVICE}=~"$service", ${LOKI_INSTANCE}=~"$instance"} ${stages.join(" ")}`;
}

/** Only these of what a record carries, so that a table has these columns. */
export function keep(labels: readonly string[]): string {
  return `| keep ${labels.join(", ")}`;
}

/** Denials by attribute: a record may stand for many, and says for how many. */
export function denialsBy(
  attributes: readonly Attribute[],
  selector: string,
  window: string,
): string {
  const by = attributes.length === 0 ? "" : ` by (${attributes.map(prometheusLabel).join(", ")})`;
  return `sum${by} (sum_over_time(${selector} | unwrap ${prometheusLabel(ATTRIBUTES.denialCount)} [${window}]))`;
}
