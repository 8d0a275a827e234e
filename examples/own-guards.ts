// A service with guards of its own, no sandbox and no policy file: it refuses, and says so.
import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

await using otel = startTelemetry({
  serviceName: "uploads",
  metrics: "prometheus",
  logs: "none",
  port: 0,
});
await using denials = createDenialRecorder();

function open(tenant: string, path: string): string {
  if (path.startsWith("/srv/uploads/")) {
    denials.allowed("filesystem");
    return `contents of ${path}`;
  }
  const event = denialEvent({
    cell: tenant,
    capability: "filesystem",
    operation: "read",
    target: path,
  });
  denials.record(event);
  return `refused, denial ${event.seq} of ${tenant}`;
}

console.log(open("tenant-a", "/srv/uploads/cat.png"));
console.log(open("tenant-a", "/etc/shadow"));
console.log(open("tenant-b", "/root/.ssh/id_ed25519"));

await otel.ready();
const page = await (await fetch(otel.prometheusUrl ?? "")).text();
for (const line of page.split("\n")) {
  // Every denial is counted by now, though none of their records has left yet.
  if (/^pyisolate_(denials|decisions)_total.* [1-9]\d*$/.test(line)) console.log(line);
}
