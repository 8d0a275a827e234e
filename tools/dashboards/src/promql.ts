import { METRICS, prometheusLabel, prometheusName } from "@pyisolate/telemetry";
import type { Attribute, Metric } from "./names.ts";

/** A matcher: the label has the value that is chosen in a variable of the dashboard. */
export function follows(attribute: Attribute, variable: string): string {
  return `${prometheusLabel(attribute)}=~"$${variable}"`;
}

/** A matcher: the label has this value. */
export function is(attribute: Attribute, value: string): string {
  return `${prometheusLabel(attribute)}="${value}"`;
}

/** The series of a metric, for the chosen services. */
export function series(metric: Metric, ...matchers: readonly string[]): string {
  const all = ['job=~"$job"', 'instance=~"$instance"', ...matchers];
  return `${prometheusName(metric)}{${all.join(", ")}}`;
}

/** `sum by (…) (…)`; with no attributes, one number. */
export function sumBy(attributes: readonly Attribute[], expression: string): string {
  return `${aggregate("sum", attributes)} (${expression})`;
}

/** The groups without values, for `unless`. */
export function groupsOf(attributes: readonly Attribute[], expression: string): string {
  return `${aggregate("group", attributes)} (${expression})`;
}

/**
 * How much a counter grew in a window, exactly.
 *
 * @remarks
 * `increase()` is not used, because it misses the first value of a series: a counter of denials begins with its first denial, and a scan
 * that is over before the next scrape would not be there at all. Here a series that was not there before counts whole, and so
 * does one that began anew. Before means at most six hours before the window, as in the rules, so that a gap in the scrapes
 * that is shorter is not a spike: what was denied meanwhile counts where the gap ends.
 */
export function counted(selector: string, window: string): string {
  return `${selector} - last_over_time(${selector}[6h] offset ${window}) >= 0 or ${selector}`;
}

/** As {@link counted}, at the end of a long window, including services that have ended in it. */
export function countedOver(selector: string, window: string): string {
  const last = `last_over_time(${selector}[${window}])`;
  return `${last} - last_over_time(${selector}[6h] offset ${window}) >= 0 or ${last}`;
}

/** The events of each step of a timeline, by the second. Each event is in one step. */
export function perSecond(attributes: readonly Attribute[], selector: string): string {
  return `${sumBy(attributes, counted(selector, "$__interval"))} / ($__interval_ms / 1000)`;
}

/** 0 where nothing was counted while a service reports. Without telemetry there is no value: that does not mean no denials. */
export function orZero(expression: string): string {
  return `${expression} or 0 * sum(last_over_time(${series(METRICS.queueSize)}[$__range]))`;
}

function aggregate(operator: string, attributes: readonly Attribute[]): string {
  return attributes.length === 0
    ? operator
    : `${operator} by (${attributes.map(prometheusLabel).join(", ")})`;
}
