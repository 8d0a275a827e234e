// Denials of Node's own permission model as events: node --permission --allow-fs-read=.. node-permission.ts
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

import {
  createDenialRecorder,
  NODE_CAPABILITIES,
  recordNodePermission,
} from "@pyisolate/telemetry";

await using denials = createDenialRecorder({ capabilities: NODE_CAPABILITIES });
using source = recordNodePermission(denials, { cell: "uploads" });

for (const attempt of [
  () => readFileSync("/etc/hosts"),
  () => new Worker("0", { eval: true }),
  () => process.permission.has("fs.write", "/etc"),
]) {
  try {
    attempt();
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
  }
}
console.log(source.mode, denials.ledger("uploads").denied);
