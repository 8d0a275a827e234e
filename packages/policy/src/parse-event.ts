import { denialEvent } from "./denial.ts";
import type { DenialEvent, DenialEventJson } from "./event.ts";

/** Not a denial event. */
export class InvalidDenialEventError extends Error {
  readonly issues: readonly { readonly path: string; readonly message: string }[];

  constructor(issues: readonly { readonly path: string; readonly message: string }[]) {
    super(`Invalid denial event: ${issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}`);
    this.issues = issues;
  }

  override get name(): string {
    return "InvalidDenialEventError";
  }
}

/** Takes an event back from its JSON. */
export function parseDenialEvent(input: unknown): DenialEvent {
  try {
    const json = (typeof input === "string" ? JSON.parse(input) : input) as DenialEventJson;
    return denialEvent({
      id: json.id,
      seq: json.seq,
      time: Date.parse(json.time),
      cell: json.cell,
      capability: json.capability,
      operation: json.operation,
      target: json.target,
      policyRule: json.policy_rule,
      brokerDecision: json.broker_decision,
      kernelDecision: json.kernel_decision,
      kernelEvidence: json.kernel_evidence,
      reason: json.reason,
      nearestRule: json.nearest_rule,
      policyName: json.policy_name,
      policyHash: json.policy_hash,
      enforced: json.enforced,
    });
  } catch (error) {
    throw new InvalidDenialEventError([{ path: "", message: String(error) }]);
  }
}
