import { resolve } from "node:path";

import { EnvironmentReader, type Environment } from "./environment.ts";
import type { TelemetryOptions } from "./options.ts";
import { LOG_PATHS, METRIC_PATHS } from "./options.ts";

/** The OTLP Collector's default port, on this machine. */
const DEFAULT_ENDPOINT = "http://127.0.0.1:4318";

/** Records held in memory while the server cannot be reached: some 10 MB. */
const DEFAULT_QUEUE = 8192;

/** Bytes on disk: some 250,000 records. */
const DEFAULT_SPOOL_BYTES = 256 * 1024 * 1024;

/** What options, environment and defaults say together. Options win over the environment. */
export interface Settings {
  readonly disabled: boolean;
  readonly metrics: (typeof METRIC_PATHS)[number];
  readonly logs: (typeof LOG_PATHS)[number];
  /** Undefined if the exporter is to read the environment itself. */
  readonly metricsUrl: string | undefined;
  readonly logsUrl: string | undefined;
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Milliseconds, as all durations here. */
  readonly metricInterval: number;
  readonly metricTimeout: number;
  readonly queueSize: number;
  readonly batchSize: number;
  readonly batchDelay: number;
  readonly spool: { readonly directory: string; readonly maxBytes: number } | undefined;
  readonly flushTimeout: number;
  readonly shutdownTimeout: number;
}

/** An explicit option, else the environment, else the default. The options have been checked before. */
export function resolveSettings(
  options: TelemetryOptions,
  variables: Environment,
  warn: (message: string) => void,
): Settings {
  const env = new EnvironmentReader(variables, warn);
  const metrics = options.metrics ?? env.choice("OTEL_METRICS_EXPORTER", METRIC_PATHS) ?? "otlp";
  const logs = options.logs ?? env.choice("OTEL_LOGS_EXPORTER", LOG_PATHS) ?? "otlp";
  if (metrics === "otlp") onlyJson(env, "METRICS", warn);
  if (logs === "otlp") onlyJson(env, "LOGS", warn);
  const interval = env.number("OTEL_METRIC_EXPORT_INTERVAL", 1) ?? 60_000;
  const queueSize = env.number("OTEL_BLRP_MAX_QUEUE_SIZE", 1) ?? DEFAULT_QUEUE;
  return {
    disabled: env.flag("OTEL_SDK_DISABLED"),
    metrics,
    logs,
    metricsUrl: signalUrl(options.endpoint, env, "METRICS", "v1/metrics"),
    logsUrl: signalUrl(options.endpoint, env, "LOGS", "v1/logs"),
    host: options.host ?? env.text("OTEL_EXPORTER_PROMETHEUS_HOST") ?? "127.0.0.1",
    port: options.port ?? env.number("OTEL_EXPORTER_PROMETHEUS_PORT", 0, 65_535) ?? 9464,
    metricInterval: interval,
    // The SDK's reader throws if the timeout is longer than the interval.
    metricTimeout: Math.min(env.number("OTEL_METRIC_EXPORT_TIMEOUT", 1) ?? 30_000, interval),
    queueSize,
    batchSize: Math.min(env.number("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", 1) ?? 512, queueSize),
    batchDelay: env.number("OTEL_BLRP_SCHEDULE_DELAY", 0) ?? 1000,
    spool: spoolOf(options.spool),
    flushTimeout: options.flushTimeoutMillis ?? 10_000,
    shutdownTimeout: options.shutdownTimeoutMillis ?? 5000,
  };
}

function spoolOf(spool: TelemetryOptions["spool"]): Settings["spool"] {
  if (spool === undefined) return undefined;
  const { directory, maxBytes = DEFAULT_SPOOL_BYTES } =
    typeof spool === "string" ? { directory: spool } : spool;
  // Resolved now: the service may change its working directory later.
  return { directory: resolve(directory), maxBytes };
}

function signalUrl(
  endpoint: string | undefined,
  env: EnvironmentReader,
  signal: "METRICS" | "LOGS",
  path: string,
): string | undefined {
  if (endpoint !== undefined) return join(endpoint, path);
  const given = ["OTEL_EXPORTER_OTLP_ENDPOINT", `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`].some(
    (name) => URL.canParse(env.text(name) ?? ""),
  );
  // The exporter's own default is `localhost`, which may resolve to an address where no Collector listens.
  return given ? undefined : join(DEFAULT_ENDPOINT, path);
}

function join(endpoint: string, path: string): string {
  return `${endpoint.replace(/\/+$/, "")}/${path}`;
}

function onlyJson(
  env: EnvironmentReader,
  signal: "METRICS" | "LOGS",
  warn: (message: string) => void,
): void {
  for (const name of ["OTEL_EXPORTER_OTLP_PROTOCOL", `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`]) {
    const protocol = env.text(name);
    if (protocol !== undefined && protocol !== "http/json") {
      warn(`${name}=${JSON.stringify(protocol)} is ignored: OTLP goes out as http/json`);
    }
  }
}
