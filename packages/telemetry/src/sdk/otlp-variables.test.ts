import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { logs, metrics } from "@opentelemetry/api";
import { afterEach, expect, test, vi } from "vitest";

import { createDenialRecorder } from "../recorder.ts";
import { startTelemetry } from "../sdk.ts";
import { aDenial } from "../testing/denials.ts";
import { otlpReceiver } from "../testing/otlp-receiver.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  metrics.disable();
  logs.disable();
});

/** Starts telemetry with these variables. @returns it, and the process warnings of its start. */
function started(variables: Readonly<Record<string, string>>, options = {}) {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const otel = startTelemetry({ flushTimeoutMillis: 300, shutdownTimeoutMillis: 300, ...options });
  return { otel, warnings: warned.mock.calls.map(([warning]) => String(warning)) };
}

test.each([
  ["an endpoint without a scheme", (url: URL) => url.host],
  ["a name without a scheme, which looks like one", (url: URL) => `localhost:${url.port}`],
  ["an endpoint in quotes", (url: URL) => `"${url.origin}"`],
  ["another protocol", (url: URL) => `grpc://${url.host}`],
])("%s is a warning that names the variable, and nothing goes anywhere", async (_what, write) => {
  await using receiver = await otlpReceiver();
  const { otel, warnings } = started({
    OTEL_EXPORTER_OTLP_ENDPOINT: write(new URL(receiver.url)),
  });
  await using denials = createDenialRecorder({ shutdownTimeoutMillis: 300 });
  expect(warnings).toEqual([expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT=")]);
  expect(denials.health()).toMatchObject({
    state: "degraded",
    why: expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT") as string,
  });
  denials.record(aDenial());
  await otel.flush();
  expect(otel.delivery()).toMatchObject({ exported: 0, waiting: 1, lost: {} });
  expect(denials.health().why).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
  expect(receiver.headers).toEqual([]);
  await otel.shutdown();
});

test("a signal's own endpoint that cannot be used is not replaced by the general one", async () => {
  await using receiver = await otlpReceiver();
  const { otel, warnings } = started({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "collector/v1/logs",
  });
  await using denials = createDenialRecorder({ shutdownTimeoutMillis: 300 });
  denials.record(aDenial());
  await otel.flush();
  expect(warnings).toEqual([expect.stringContaining("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=")]);
  expect(receiver.records()).toEqual([]);
  expect(receiver.sum("pyisolate.denials")).toBe(1);
  await otel.shutdown();
});

test("a password in an endpoint is not in the warning", async () => {
  const { otel, warnings } = started({ OTEL_EXPORTER_OTLP_ENDPOINT: "'https://me:hush@host'" });
  expect(warnings.join()).toContain("***@host");
  expect(warnings.join()).not.toContain("hush");
  await otel.shutdown();
});

test.each([
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s"],
  ["OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "0"],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"],
  ["OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "GZIP"],
  ["OTEL_EXPORTER_OTLP_CERTIFICATE", "there/is/none.pem"],
  ["OTEL_EXPORTER_OTLP_CLIENT_KEY", "there/is/none.pem"],
  ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "A: b"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a=b, ,c"],
  ["OTEL_EXPORTER_OTLP_LOGS_HEADERS", "a=%E0%A4%A"],
  ["OTEL_EXPORTER_OTLP_HEADERS", '"authorization=Bearer x"'],
  ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "differential"],
  ["OTEL_RESOURCE_ATTRIBUTES", "a=b,team:blue"],
  ["OTEL_RESOURCE_ATTRIBUTES", "a=b=c"],
])("%s=%s is one warning that names it", async (name, value) => {
  await using receiver = await otlpReceiver();
  const { otel, warnings } = started({ [name]: value }, { endpoint: receiver.url });
  expect(warnings).toEqual([expect.stringContaining(name)]);
  await otel.shutdown();
});

test("a certificate file without a certificate is a warning", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pyisolate-"));
  const file = join(folder, "ca.pem");
  await writeFile(file, "not a certificate\n");
  await using receiver = await otlpReceiver();
  const variables = { OTEL_EXPORTER_OTLP_CERTIFICATE: file };
  const { otel, warnings } = started(variables, { endpoint: receiver.url });
  expect(warnings).toEqual([expect.stringContaining("PEM")]);
  await otel.shutdown();
  await rm(folder, { recursive: true });
});

test("variables that can be used cause no warning", async () => {
  await using receiver = await otlpReceiver();
  const { otel, warnings } = started({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20token, x-team=blue",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "Delta",
    OTEL_RESOURCE_ATTRIBUTES: "a=b, c=d%2Ce,",
  });
  expect(warnings).toEqual([]);
  await otel.shutdown();
});

test("what the options and the choice of exporters leave unused is not looked at", async () => {
  const bad = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "10.9.9.9:4318",
    OTEL_EXPORTER_OTLP_COMPRESSION: "zstd",
  };
  const { otel, warnings } = started(bad, { metrics: "none", logs: "none" });
  expect(warnings).toEqual([]);
  await otel.shutdown();
});

test("OTEL_SDK_DISABLED is a choice: no warning, and health is not blind", async () => {
  const { otel, warnings } = started({
    OTEL_SDK_DISABLED: "true",
    OTEL_RESOURCE_ATTRIBUTES: "team:blue",
  });
  const denials = createDenialRecorder();
  denials.record(aDenial());
  await denials.flush();
  expect(denials.health()).toMatchObject({
    state: "exporting",
    why: "switched off by OTEL_SDK_DISABLED",
  });
  expect(warnings).toEqual([]);
  await denials.shutdown();
  await otel.shutdown();
});
