import { logs, metrics } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";

import { aDenial } from "./testing/denials.ts";
import { otlpReceiver } from "./testing/otlp-receiver.ts";

afterEach(() => {
  metrics.disable();
  logs.disable();
});

test("a recorder of one copy knows what becomes of its records in another copy's exporter", async () => {
  const { startTelemetry } = await import("./sdk.ts");
  vi.resetModules();
  const { createDenialRecorder } = await import("./index.ts");
  let status = 503;
  await using receiver = await otlpReceiver(() => status);
  await using otel = startTelemetry({ endpoint: receiver.url, flushTimeoutMillis: 300 });
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  await otel.flush();
  // Not "emitted": the server has taken none.
  expect(denials.ledger()).toMatchObject({ denied: 1, emitted: 0, pending: 1 });
  expect(denials.health()).toMatchObject({ state: "degraded" });
  status = 200;
  await expect.poll(() => denials.ledger(), { timeout: 5000 }).toMatchObject({ emitted: 1 });
  denials.record(aDenial());
  // Flushing the SDK drains the other copy's recorder first.
  await otel.flush();
  expect(receiver.records()).toHaveLength(2);
}, 20_000);
