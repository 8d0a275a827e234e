// A service in a container: one of its guests is refused a file whenever a line comes in; it ends with its input.
import { createInterface } from "node:readline";

import { PolicyError } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";
import { createDenialRecorder } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

const [endpoint = ""] = process.argv.slice(2);
const policy = {
  version: 1,
  name: "contained",
  rules: [{ id: "std", effect: "allow", capability: "import", modules: ["node:fs"] }],
};
// What is missing here is what the drill is about, and stands in each record.
process.removeAllListeners("warning");
await using otel = startTelemetry({ serviceName: "contained", endpoint });
await using denials = createDenialRecorder();
await using supervisor = new Supervisor({ policy, denials, pool: 0 });
await using cell = await supervisor.spawn("tenant-e");
process.stdout.write("ready\n");
for await (const _ of createInterface({ input: process.stdin })) {
  await cell.exec(`require("node:fs").readFileSync("/etc/passwd")`).catch((error: unknown) => {
    if (!(error instanceof PolicyError)) throw error;
  });
  await otel.flush();
  process.stdout.write("denied\n");
}
