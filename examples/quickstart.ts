import { loadPolicy } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

await using otel = startTelemetry({ serviceName: "plugins" }); // OTLP to 127.0.0.1:4318
await using denials = createDenialRecorder();
await using supervisor = new Supervisor({ policy: await loadPolicy("policy.yaml"), denials });
await using cell = await supervisor.spawn("tenant-a");
await cell
  .exec(`require("node:fs").readFileSync("/etc/shadow")`)
  .catch((error: unknown) => console.log(String(error)));
