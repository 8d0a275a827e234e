import { expect, test } from "vitest";

import type { Environment } from "./environment-reader.ts";
import { resolveSettings } from "./settings.ts";

function settings(variables: Environment, options = {}) {
  const warnings: string[] = [];
  const resolved = resolveSettings(options, variables, (message) => warnings.push(message));
  return { ...resolved, warnings };
}

test("with nothing said, both signals go by OTLP to this machine", () => {
  expect(settings({})).toEqual({
    disabled: false,
    metrics: "otlp",
    logs: "otlp",
    metricsUrl: "http://127.0.0.1:4318/v1/metrics",
    logsUrl: "http://127.0.0.1:4318/v1/logs",
    host: "127.0.0.1",
    port: 9464,
    metricInterval: 60_000,
    metricTimeout: 30_000,
    queueSize: 8192,
    batchSize: 512,
    batchDelay: 1000,
    spool: undefined,
    integrity: false,
    flushTimeout: 10_000,
    shutdownTimeout: 5000,
    warnings: [],
  });
});

test("the spool is where the service was started, and bounded", () => {
  expect(settings({}, { spool: "spool" }).spool).toEqual({
    directory: `${process.cwd()}/spool`,
    maxBytes: 268_435_456,
    sync: false,
  });
  expect(settings({}, { spool: { directory: "/var/spool/denials", maxBytes: 1e6 } }).spool).toEqual(
    {
      directory: "/var/spool/denials",
      maxBytes: 1e6,
      sync: false,
    },
  );
});

test("the standard variables are honoured", () => {
  expect(
    settings({
      OTEL_SDK_DISABLED: "TRUE",
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_EXPORTER_PROMETHEUS_HOST: "::1",
      OTEL_EXPORTER_PROMETHEUS_PORT: "0",
      OTEL_METRIC_EXPORT_INTERVAL: "500",
      OTEL_METRIC_EXPORT_TIMEOUT: "9000",
      OTEL_BLRP_MAX_QUEUE_SIZE: "100",
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "200",
      OTEL_BLRP_SCHEDULE_DELAY: "10",
    }),
  ).toMatchObject({
    disabled: true,
    metrics: "prometheus",
    logs: "none",
    host: "::1",
    port: 0,
    metricInterval: 500,
    metricTimeout: 500,
    queueSize: 100,
    batchSize: 100,
    batchDelay: 10,
    warnings: [],
  });
});

test("an endpoint in the environment is left to the exporters, which know its rules", () => {
  const general = settings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" });
  expect([general.metricsUrl, general.logsUrl]).toEqual([undefined, undefined]);
  const one = settings({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://collector:4318/v1/logs" });
  expect([one.metricsUrl, one.logsUrl]).toEqual(["http://127.0.0.1:4318/v1/metrics", undefined]);
});

test("an explicit option wins over the environment", () => {
  expect(
    settings(
      {
        OTEL_METRICS_EXPORTER: "none",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:1",
        OTEL_EXPORTER_PROMETHEUS_PORT: "1",
      },
      { metrics: "otlp", endpoint: "http://here:4318/base/", port: 2 },
    ),
  ).toMatchObject({
    metrics: "otlp",
    metricsUrl: "http://here:4318/base/v1/metrics",
    logsUrl: "http://here:4318/base/v1/logs",
    port: 2,
  });
});

test.each([
  [
    { OTEL_METRICS_EXPORTER: "console" },
    { metricsUrl: "nowhere:", logsUrl: "http://127.0.0.1:4318/v1/logs" },
    "nothing is sent",
  ],
  [
    { OTEL_LOGS_EXPORTER: "prometheus" },
    { logsUrl: "nowhere:", metricsUrl: "http://127.0.0.1:4318/v1/metrics" },
    "nothing is sent",
  ],
  [{ OTEL_LOGS_EXPORTER: '"otlp"' }, { logsUrl: "nowhere:" }, "nothing is sent"],
  [
    { OTEL_LOGS_EXPORTER: "console,otlp" },
    { logsUrl: "http://127.0.0.1:4318/v1/logs" },
    "otlp is used",
  ],
  [{ OTEL_METRICS_EXPORTER: "prometheus,otlp" }, { metrics: "prometheus" }, "prometheus is used"],
  [{ OTEL_METRIC_EXPORT_INTERVAL: "soon" }, { metricInterval: 60_000 }, "the default is used"],
  [{ OTEL_BLRP_MAX_QUEUE_SIZE: "-1" }, { queueSize: 8192 }, "the default is used"],
  [{ OTEL_SDK_DISABLED: "yes" }, { disabled: false }, "the default is used"],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, { logs: "otlp" }, "OTLP goes out as http/json"],
])("%j is told and survived", (variables, outcome, warning) => {
  const { warnings, ...resolved } = settings(variables);
  expect(resolved).toMatchObject(outcome);
  expect(warnings.join()).toContain(warning);
});

test("an exporter's name is read in any case, as the specification wants it", () => {
  expect(
    settings({ OTEL_METRICS_EXPORTER: "Prometheus", OTEL_LOGS_EXPORTER: "NONE" }),
  ).toMatchObject({ metrics: "prometheus", logs: "none", warnings: [] });
});

test("an option wins over a variable that names no exporter of ours, without a warning", () => {
  expect(settings({ OTEL_METRICS_EXPORTER: "console" }, { metrics: "otlp" })).toMatchObject({
    metricsUrl: "http://127.0.0.1:4318/v1/metrics",
    warnings: [],
  });
});

test("an empty variable is not set", () => {
  expect(settings({ OTEL_METRICS_EXPORTER: " ", OTEL_BLRP_MAX_QUEUE_SIZE: "" })).toMatchObject({
    metrics: "otlp",
    queueSize: 8192,
    warnings: [],
  });
});
