import { SeverityNumber } from "@opentelemetry/api";
import type { DenialEvent, Operation } from "@pyisolate/policy";

/** The limits that end a cell when they are reached; `calls` and `output` refuse one request and let the cell live. */
const FATAL_LIMITS: ReadonlySet<Operation> = new Set<Operation>(["cpu", "wall", "memory", "crash"]);

/**
 * WARN for an ordinary denial. ERROR where the kernel refused what the broker had allowed or had never been asked (policy
 * and ruleset disagree, or somebody went around the broker), and where a limit ended the cell. A cell that is only stale, whose kernel
 * ruleset is older than the policy, is no alarm.
 */
export function denialSeverity(event: DenialEvent): SeverityNumber {
  const { kernelDecision, brokerDecision, reason } = event;
  if (kernelDecision === "deny" && brokerDecision !== "deny" && reason !== "stale") {
    return SeverityNumber.ERROR;
  }
  if (event.capability === "limit" && FATAL_LIMITS.has(event.operation)) {
    return SeverityNumber.ERROR;
  }
  return SeverityNumber.WARN;
}
