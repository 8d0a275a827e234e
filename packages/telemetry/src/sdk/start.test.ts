import { logs, metrics } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial } from "../testing/denials.ts";
import { attributesOf, otlpReceiver } from "../testing/otlp-receiver.ts";
import { sumOf } from "../testing/sdk-double.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  metrics.disable();
  logs.disable();
});

test("records and counts arrive, with who sent them", async () => {
  await using receiver = await otlpReceiver();
  await using otel = startTelemetry({
    serviceName: "plugins",
    serviceVersion: "1.2.3",
    endpoint: receiver.url,
  });
  await using denials = createDenialRecorder();
  denials.record(aDenial({ id: "one-1" }));
  await otel.flush();
  expect(receiver.records()).toHaveLength(1);
  expect(receiver.records()[0]).toMatchObject({ eventName: "pyisolate.denial" });
  expect(attributesOf(receiver.records()[0]?.attributes ?? [])).toMatchObject({
    "pyisolate.denial.id": "one-1",
    "pyisolate.cell": "tenant-a",
  });
  expect(receiver.sum("pyisolate.denials")).toBe(1);
  const resource = attributesOf(receiver.logs[0]?.resourceLogs[0]?.resource.attributes ?? []);
  expect(resource).toMatchObject({
    "service.name": "plugins",
    "service.version": "1.2.3",
    "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    "telemetry.sdk.language": "nodejs",
  });
});

test("a burst of 20,000 arrives whole: every denial is in some record", async () => {
  await using receiver = await otlpReceiver();
  await using otel = startTelemetry({ serviceName: "plugins", endpoint: receiver.url });
  await using denials = createDenialRecorder({ ringSize: 20_000, recordsPerSecond: 20_000 });
  for (let cell = 0; cell < 4; cell++) {
    for (let seq = 1; seq <= 5000; seq++) denials.record(aDenial({ cell: `c${cell}`, seq }));
  }
  await otel.flush();
  const counts = receiver
    .records()
    .map(({ attributes }) => Number(attributesOf(attributes)["pyisolate.denial.count"]));
  expect(counts).toHaveLength(20_000);
  expect(sumOf(counts)).toBe(20_000);
  expect(receiver.sum("pyisolate.denials")).toBe(20_000);
  expect(denials.ledger()).toMatchObject({ emitted: 20_000, pending: 0, dropped: {} });
});

test("shutting down sends what the recorder still holds, without the recorder's help", async () => {
  await using receiver = await otlpReceiver();
  const otel = startTelemetry({ serviceName: "plugins", endpoint: receiver.url });
  const denials = createDenialRecorder({ recordsPerSecond: 4000 });
  for (let seq = 1; seq <= 2000; seq++) denials.record(aDenial({ seq }));
  await otel.shutdown();
  expect(receiver.records()).toHaveLength(2000);
  expect(receiver.sum("pyisolate.denials")).toBe(2000);
  expect(receiver.sum("pyisolate.denial.records")).toBe(2000);
  await denials.shutdown();
});

test("the standard variables name service, endpoint, headers and temporality", async () => {
  await using receiver = await otlpReceiver();
  vi.stubEnv("OTEL_SERVICE_NAME", "from-env");
  vi.stubEnv(
    "OTEL_RESOURCE_ATTRIBUTES",
    "service.instance.id=i-1,deployment.environment.name=test",
  );
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url);
  vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20token");
  vi.stubEnv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
  await using otel = startTelemetry();
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  await otel.flush();
  const resource = attributesOf(receiver.logs[0]?.resourceLogs[0]?.resource.attributes ?? []);
  expect(resource).toMatchObject({
    "service.name": "from-env",
    "service.instance.id": "i-1",
    "deployment.environment.name": "test",
  });
  expect(receiver.headers.every(({ authorization }) => authorization === "Bearer token")).toBe(
    true,
  );
  const sums = receiver.metrics
    .flatMap(({ resourceMetrics }) => resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics))
    .flatMap(({ metrics }) => metrics.flatMap(({ sum }) => sum?.aggregationTemporality ?? []));
  expect(sums).toContain(1);
});

test("an explicit service name wins over the environment", async () => {
  await using receiver = await otlpReceiver();
  vi.stubEnv("OTEL_SERVICE_NAME", "from-env");
  await using otel = startTelemetry({ serviceName: "plugins", endpoint: receiver.url });
  await otel.flush();
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  await otel.flush();
  const resource = attributesOf(receiver.logs[0]?.resourceLogs[0]?.resource.attributes ?? []);
  expect(resource["service.name"]).toBe("plugins");
});

test("a Collector that comes back within the exporter's retries gets everything", async () => {
  let answers = 0;
  await using receiver = await otlpReceiver(() => (++answers <= 2 ? 503 : 200));
  await using otel = startTelemetry({ serviceName: "plugins", endpoint: receiver.url });
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  await otel.flush();
  expect(receiver.records()).toHaveLength(1);
}, 20_000);

test("a dead Collector does not hold the end up, and is said", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const otel = startTelemetry({
    serviceName: "plugins",
    endpoint: "http://127.0.0.1:1",
    shutdownTimeoutMillis: 300,
  });
  const denials = createDenialRecorder({ shutdownTimeoutMillis: 300 });
  for (let seq = 1; seq <= 5000; seq++) denials.record(aDenial({ seq, cell: `c${seq % 7}` }));
  const began = Date.now();
  await denials.shutdown();
  await otel.shutdown();
  expect(Date.now() - began).toBeLessThan(8000);
  expect(denials.ledger()).toMatchObject({ denied: 5000, pending: 0 });
  expect(warned.mock.calls.map(([warning]) => warning)).toContainEqual(
    expect.stringContaining("is the Collector up?"),
  );
}, 20_000);
