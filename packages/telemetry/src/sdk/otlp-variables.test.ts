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
  ["one slash too many", (url: URL) => `http:///${url.host}`],
  ["a query, in which the path would stand", (url: URL) => `${url.origin}?team=blue`],
  ["a fragment", (url: URL) => `${url.origin}#team`],
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
  // On a busy machine later than the flush, which gives up waiting for the records.
  await expect.poll(() => receiver.sum("pyisolate.denials"), { timeout: 10_000 }).toBe(1);
  await otel.shutdown();
});

test.each([
  ["OTEL_LOGS_EXPORTER", "console", "records"],
  ["OTEL_LOGS_EXPORTER", "otlp/stdout", "records"],
  ["OTEL_METRICS_EXPORTER", "console", "counts"],
  ["OTEL_METRICS_EXPORTER", "logging,datadog", "counts"],
] as const)(
  "%s=%s sends none of its %s to another place, and says so",
  async (name, value, what) => {
    await using receiver = await otlpReceiver();
    const { otel, warnings } = started(
      { [name]: value, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      { flushTimeoutMillis: 500, shutdownTimeoutMillis: 500 },
    );
    await using denials = createDenialRecorder({ shutdownTimeoutMillis: 300 });
    denials.record(aDenial());
    await otel.flush();
    expect(warnings[0]).toContain(`${name}=${JSON.stringify(value)} is not one of`);
    expect(warnings[0]).toContain("nothing is sent");
    expect(denials.health()).toMatchObject({
      state: "degraded",
      why: expect.stringContaining(name) as string,
    });
    // On a busy machine the other of the two may come later than the flush.
    const other = () =>
      what === "counts" ? receiver.records().length : receiver.sum("pyisolate.denials");
    await expect.poll(other, { timeout: 10_000 }).toBe(1);
    await otel.shutdown();
    expect(what === "counts" ? receiver.metrics : receiver.logs).toEqual([]);
  },
);

test("a password in an endpoint is not in the warning", async () => {
  const { otel, warnings } = started({ OTEL_EXPORTER_OTLP_ENDPOINT: "'https://me:hush@host'" });
  expect(warnings.join()).toContain("***@host");
  expect(warnings.join()).not.toContain("hush");
  await otel.shutdown();
});

test.each([
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s"],
  ["OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "0"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "3000000000"],
  ["OTEL_METRIC_EXPORT_INTERVAL", "2147483648"],
  ["OTEL_METRIC_EXPORT_TIMEOUT", "3000000000"],
  ["OTEL_BLRP_SCHEDULE_DELAY", "2147483648"],
  ["OTEL_BLRP_MAX_QUEUE_SIZE", "1e15"],
  ["OTEL_BLRP_EXPORT_TIMEOUT", "30000"],
  ["OTEL_CONFIG_FILE", "/etc/otel.yaml"],
  ["OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "10"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a b=c"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a=%0d%0ab"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "host=elsewhere"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "Content-Length=0,transfer-encoding=chunked"],
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

test.each([
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "3000000000"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "a b=c"],
  ["OTEL_EXPORTER_OTLP_HEADERS", "content-length=0,transfer-encoding=chunked,x-team=blue"],
  ["OTEL_METRIC_EXPORT_INTERVAL", "2147483648"],
])(
  "%s=%s keeps no record from arriving",
  async (name, value) => {
    await using receiver = await otlpReceiver();
    const { otel } = started(
      { [name]: value },
      { endpoint: receiver.url, flushTimeoutMillis: 10_000, shutdownTimeoutMillis: 10_000 },
    );
    await using denials = createDenialRecorder();
    denials.record(aDenial());
    await otel.flush();
    expect(receiver.records()).toHaveLength(1);
    await otel.shutdown();
  },
  30_000,
);

test("an endpoint with space around it is the endpoint, and no other", async () => {
  await using receiver = await otlpReceiver();
  const { otel, warnings } = started(
    { OTEL_EXPORTER_OTLP_ENDPOINT: ` ${receiver.url} ` },
    { flushTimeoutMillis: 10_000 },
  );
  await using denials = createDenialRecorder();
  denials.record(aDenial());
  await otel.flush();
  expect(warnings).toEqual([]);
  expect(receiver.records()).toHaveLength(1);
  await otel.shutdown();
}, 30_000);

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/logs"],
  ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", ""],
])("%s with a path that a receiver does not take, '%s', is a warning", async (name, path) => {
  await using receiver = await otlpReceiver();
  const { otel, warnings } = started({ [name]: `${receiver.url}${path}` }, { metrics: "none" });
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
