import type { DenialEvent } from "@pyisolate/policy";

import { type Expectation, layersOf } from "./expected-denial.ts";

/** Most denials that a message lists: those that come nearest to what was expected. */
const MAX_LISTED = 10;

/** One denial in one line. The event's texts are clean. */
function inWords(event: DenialEvent): string {
  const shadow = event.enforced ? "" : ", a shadow policy's verdict";
  return `${event.capability} ${event.attemptedAction} in ${event.cell} by ${event.policyRule} (${event.reason}, ${layersOf(event).join(" and ")}${shadow})`;
}

/** The denials that there are, the nearest first, each with how it differs. */
export function listed(events: readonly DenialEvent[], expectation?: Expectation): string {
  const rows = events
    .map((event) => ({ event, differences: expectation?.differences(event) ?? [] }))
    .toSorted((one, other) => one.differences.length - other.differences.length);
  const lines = rows.slice(0, MAX_LISTED).map(({ event, differences }, at) => {
    const why = differences.length === 0 ? "" : `: ${differences.join("; ")}`;
    return `  ${at + 1}. ${inWords(event)}${why}`;
  });
  const more = rows.length - lines.length;
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n");
}

/** "1 denial", "2 denials". */
export function counted(count: number): string {
  return `${count} ${count === 1 ? "denial" : "denials"}`;
}
