// A guard of a service's own: what it asks a policy, and the record of what the policy refuses. Its test is reports-guard.test.ts.
import { decide, denialEvent, parsePolicy, PolicyError } from "@pyisolate/policy";
import type { DenialRecorder } from "@pyisolate/telemetry";

export const policy = parsePolicy(`
version: 1
name: reporting
capabilities: { database: [query, write] }
rules:
  - { id: reports, effect: allow, capability: database, operations: [query], targets: ["reports.*"] }
  - { id: secrets, effect: deny,  capability: database, targets: ["**.password"] }
`);

/** Reads a table for a tenant, if the policy lets it. */
export function query(denials: DenialRecorder, tenant: string, table: string): string {
  const request = { capability: "database", operation: "query", target: table };
  const decision = decide(policy, request);
  if (decision.effect === "allow") {
    denials.allowed("database");
    return `rows of ${table}`;
  }
  const event = denialEvent({
    cell: tenant,
    ...request,
    policyRule: decision.rule,
    reason: decision.reason,
    nearestRule: decision.nearestRule ?? null,
    policyName: policy.name,
    policyHash: policy.hash,
  });
  denials.record(event);
  throw new PolicyError(event);
}
