import { loadPolicy, PolicyError } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

await using otel = startTelemetry({ serviceName: "plugins" }); // OTLP to 127.0.0.1:4318
await using denials = createDenialRecorder();
const policy = await loadPolicy("policy.yaml");
await using supervisor = new Supervisor({ policy, denials });
await using cell = await supervisor.spawn("tenant-a");

console.log(await cell.exec("1 + 1"));
try {
  await cell.exec(`require("node:fs").readFileSync("/etc/shadow")`);
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.log(error.message);
  console.log(JSON.stringify(error.denialEvent, null, 2));
}
console.log(cell.stats.denials, denials.ledger().denied);
