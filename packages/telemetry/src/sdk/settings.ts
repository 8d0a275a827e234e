import { resolve } from "node:path";

import { EnvironmentReader, type Environment } from "./environment-reader.ts";
import type { TelemetryOptions } from "./options.ts";
import { LOG_PATHS, METRIC_PATHS } from "./options.ts";
import {
  checkOtlpVariables,
  destinationOf,
  type Destination,
  NOWHERE,
  type Signal,
} from "./otlp-variables.ts";

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
  /** Why a signal cannot be sent; undefined if it can. */
  readonly metricsFault: string | undefined;
  readonly logsFault: string | undefined;
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Milliseconds, as all durations here. */
  readonly metricInterval: number;
  readonly metricTimeout: number;
  readonly queueSize: number;
  readonly batchSize: number;
  readonly batchDelay: number;
  readonly spool: SpoolSettings | undefined;
  /** Whether each cell's records are chained by hash. */
  readonly integrity: boolean;
  readonly flushTimeout: number;
  readonly shutdownTimeout: number;
}

/** Where records wait on disk. */
interface SpoolSettings {
  readonly directory: string;
  readonly maxBytes: number;
  /** Whether a denial is on disk before `record()` returns. */
  readonly sync: boolean;
}

/** An explicit option, else the environment, else the default. The options have been checked before. */
export function resolveSettings(
  options: TelemetryOptions,
  variables: Environment,
  warn: (message: string) => void,
): Settings {
  const env = new EnvironmentReader(variables, warn);
  const disabled = env.flag("OTEL_SDK_DISABLED");
  const metricsTo = options.metrics ?? env.choice("OTEL_METRICS_EXPORTER", METRIC_PATHS) ?? "otlp";
  const logsTo = options.logs ?? env.choice("OTEL_LOGS_EXPORTER", LOG_PATHS) ?? "otlp";
  const otlp = (signal: Signal, path: string, to: string): Destination => {
    if (disabled) return { url: undefined };
    // Another exporter is wanted, so what there is has no place to go: as with an endpoint that cannot be used.
    if (to === "unknown") return nowhere(`OTEL_${signal}_EXPORTER`);
    if (to !== "otlp") return { url: undefined };
    onlyJson(env, signal);
    checkOtlpVariables(env, signal);
    return destinationOf(options.endpoint, env, signal, path);
  };
  for (const option of ["durability", "integrity"] as const) {
    if (!options[option] || (!disabled && logsTo !== "none")) continue;
    const name = disabled ? "OTEL_SDK_DISABLED" : "OTEL_LOGS_EXPORTER";
    env.warn(`${option} has no effect: ${name} says that no log records are made`);
  }
  if (!disabled) warnOfUnread(env);
  const metricsAt = otlp("METRICS", "v1/metrics", metricsTo);
  const logsAt = otlp("LOGS", "v1/logs", logsTo);
  const interval = env.number("OTEL_METRIC_EXPORT_INTERVAL", 1) ?? 60_000;
  const queueSize = env.number("OTEL_BLRP_MAX_QUEUE_SIZE", 1) ?? DEFAULT_QUEUE;
  return {
    disabled,
    metrics: metricsTo === "unknown" ? "otlp" : metricsTo,
    logs: logsTo === "unknown" ? "otlp" : logsTo,
    metricsUrl: metricsAt.url,
    logsUrl: logsAt.url,
    metricsFault: metricsAt.fault,
    logsFault: logsAt.fault,
    host: options.host ?? env.text("OTEL_EXPORTER_PROMETHEUS_HOST") ?? "127.0.0.1",
    port: options.port ?? env.number("OTEL_EXPORTER_PROMETHEUS_PORT", 0, 65_535) ?? 9464,
    metricInterval: interval,
    // The SDK's reader throws if the timeout is longer than the interval.
    metricTimeout: Math.min(env.number("OTEL_METRIC_EXPORT_TIMEOUT", 1) ?? 30_000, interval),
    queueSize,
    batchSize: Math.min(env.number("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", 1) ?? 512, queueSize),
    batchDelay: env.number("OTEL_BLRP_SCHEDULE_DELAY", 0) ?? 1000,
    spool: spoolOf(options),
    integrity: options.integrity === true,
    flushTimeout: options.flushTimeoutMillis ?? 10_000,
    shutdownTimeout: options.shutdownTimeoutMillis ?? 5000,
  };
}

/** The place of what goes to no other, since a variable names an exporter that there is none of here. */
function nowhere(name: string): Destination {
  return {
    url: NOWHERE,
    fault: `${name} names no exporter of startTelemetry: nothing is sent until it does`,
  };
}

function spoolOf({ spool, durability }: TelemetryOptions): SpoolSettings | undefined {
  if (spool === undefined) return undefined;
  const { directory, maxBytes = DEFAULT_SPOOL_BYTES } =
    typeof spool === "string" ? { directory: spool } : spool;
  // Resolved now: the service may change its working directory later.
  return { directory: resolve(directory), maxBytes, sync: durability === "sync" };
}

/** Variables of OpenTelemetry that would change what telemetry does, and that it does not read. */
const UNREAD = [
  "OTEL_CONFIG_FILE",
  "OTEL_EXPERIMENTAL_CONFIG_FILE",
  "OTEL_BLRP_EXPORT_TIMEOUT",
  "OTEL_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
  "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
  "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
];

function warnOfUnread(env: EnvironmentReader): void {
  for (const name of UNREAD) {
    if (env.text(name) !== undefined) env.warn(`${name} is not read by startTelemetry`);
  }
}

function onlyJson(env: EnvironmentReader, signal: Signal): void {
  for (const name of ["OTEL_EXPORTER_OTLP_PROTOCOL", `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`]) {
    const protocol = env.text(name);
    if (protocol !== undefined && protocol !== "http/json") {
      env.warn(`${name}=${JSON.stringify(protocol)} is ignored: OTLP goes out as http/json`);
    }
  }
}
