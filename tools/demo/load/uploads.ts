// A service with guards of its own, and a kernel layer below them that does not always agree: what it refuses although the
// guard granted it is the one denial that an operator must not miss. It also tries out a stricter policy, without effect.
import { denialEvent } from "@pyisolate/telemetry";

import { live } from "./service.ts";

await live("uploads", async ({ denials, every }) => {
  await Promise.all([
    every(100, () => {
      denials.allowed("filesystem");
    }),
    every(2500, () => {
      denials.record(
        denialEvent({
          cell: "importer",
          capability: "filesystem",
          operation: "write",
          target: "/srv/uploads/../../etc/cron.d/job",
          policyRule: "uploads-only",
          reason: "explicit_deny",
        }),
      );
    }),
    // The guard has granted the connection; Landlock refused it, and says so in the audit log.
    every(20_000, () => {
      denials.record(
        denialEvent({
          cell: "thumbnailer",
          capability: "network",
          operation: "connect",
          target: "10.0.0.7:5432",
          policyRule: "cdn",
          brokerDecision: "allow",
          kernelDecision: "deny",
          kernelEvidence: "audit",
          reason: "kernel",
        }),
      );
    }),
    // A kernel refusal that no request explains: a guest has got past the guards.
    every(60_000, () => {
      denials.record(
        denialEvent({
          cell: "thumbnailer",
          capability: "subprocess",
          operation: "exec",
          target: "/bin/sh",
          brokerDecision: "not_evaluated",
          kernelDecision: "deny",
          kernelEvidence: "seccomp-errno",
          reason: "kernel",
        }),
      );
    }),
    every(3000, () => {
      denials.record(
        denialEvent({
          cell: "importer",
          capability: "network",
          operation: "connect",
          target: "https://cdn.example/a.png",
          policyRule: "no-network",
          reason: "explicit_deny",
          enforced: false,
        }),
      );
    }),
  ]);
});
