import type { SeverityNumber } from "@opentelemetry/api";
import type { DenialEvent, Operation } from "@pyisolate/policy";

/** The severities in use, by number: the API's own names for them are there from 1.10 on. */
export const SEVERITY = { info: severity(9), warn: severity(13), error: severity(17) } as const;

function severity(number: number): SeverityNumber {
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum's own values are not there before api 1.10
  return number;
}

/** The limits that end a cell. The others, `calls` and `output`, refuse one request and let the cell live. */
const FATAL_LIMITS: ReadonlySet<string> = new Set<Operation>(["cpu", "wall", "memory", "crash"]);

/**
 * WARN for an ordinary denial. ERROR if the kernel refused what the broker had allowed or was never asked (policy and ruleset
 * disagree, or a guest went around the broker), and if a limit ended the cell. WARN for a stale cell, whose kernel ruleset is
 * older than the policy.
 */
export function denialSeverity(event: DenialEvent): SeverityNumber {
  const { kernelDecision, brokerDecision, reason } = event;
  if (kernelDecision === "deny" && brokerDecision !== "deny" && reason !== "stale") {
    return SEVERITY.error;
  }
  if (event.capability === "limit" && FATAL_LIMITS.has(event.operation)) {
    return SEVERITY.error;
  }
  return SEVERITY.warn;
}
