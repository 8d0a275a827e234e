import { writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

import { createDenialRecorder, denialEvent } from "@pyisolate/telemetry";
import { startTelemetry } from "@pyisolate/telemetry/sdk";

/**
 * A service that answers for each denial, and for many of a kind, once it is recorded: it prints the id. The parent kills it in
 * between.
 */
const { endpoint, spool } = JSON.parse(process.argv[2] ?? "{}") as {
  readonly endpoint: string;
  readonly spool: string;
};
const otel = startTelemetry({
  endpoint,
  spool,
  durability: "sync",
  serviceName: "audited",
  metrics: "none",
  global: false,
});
// With the default budget, in which without "sync" most of these would coalesce.
const denials = createDenialRecorder({
  loggerProvider: otel.loggerProvider,
  meterProvider: otel.meterProvider,
  recordsPerSecond: 5,
});
for (let number = 0; ; number++) {
  const event = denialEvent({
    cell: `cell-${number % 3}`,
    capability: "random",
    operation: "read",
  });
  denials.record(event);
  // At once, and in full: what is printed is what a caller was told.
  writeSync(1, `${event.id}\n`);
  if (number % 20 === 0) await turn();
}
