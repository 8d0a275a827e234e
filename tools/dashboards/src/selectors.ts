import { ATTRIBUTES, EVENTS, METRICS } from "@pyisolate/telemetry";
import type { RecordsQuery } from "./stores/log-store.ts";
import { follows, is, orZero, series, sumBy, countedOver } from "./promql.ts";

// The selections that several panels share.
const A = ATTRIBUTES;

const variables = [
  [A.capability, "capability"],
  [A.policyRule, "rule"],
  [A.reason, "reason"],
  [A.brokerDecision, "broker"],
  [A.kernelDecision, "kernel"],
] as const;

const byVariables = variables.map(([attribute, variable]) => follows(attribute, variable));

/** Denials that took effect. The counter has every dimension but the cell. */
export const denials = series(METRICS.denialEvents, is(A.enforced, "true"), ...byVariables);

/** Verdicts of a shadow policy. */
export const shadowVerdicts = series(METRICS.denialEvents, is(A.enforced, "false"), ...byVariables);

/** Denials that took effect, by cell, and by nothing else. */
export const denialsOfCells = series(METRICS.denials, follows(A.cell, "cell"));

/** Requests that the policy granted and the kernel refused. Not filtered by rule or reason, which would hide some. */
export const allowedButRefused = series(
  METRICS.denialEvents,
  is(A.brokerDecision, "allow"),
  is(A.kernelDecision, "deny"),
);

/** Refusals of the kernel without a request to the broker. */
export const escapeAttempts = series(
  METRICS.denialEvents,
  is(A.brokerDecision, "not_evaluated"),
  is(A.kernelDecision, "deny"),
);

/** The number of events in the chosen time. */
export const inRange = (selector: string) => orZero(sumBy([], countedOver(selector, "$__range")));

/** Records of denials, by every variable. */
export const denialRecords: RecordsQuery = {
  event: EVENTS.denial,
  follows: [[A.cell, "cell"], ...variables],
};

/** 0 exporting, 1 degraded, 2 or 3 blind. */
export function stateExpression(by: string): string {
  const state = (value: string) => series(METRICS.state, is(A.telemetryState, value));
  return `max${by} (${state("degraded")}) + 2 * max${by} (${state("blind")})`;
}
