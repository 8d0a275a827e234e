import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import { StackError } from "./errors.ts";
import { onFreePorts } from "./ports.ts";
import { inServerFolder } from "./server-folder.ts";
import { type Server, startServer } from "./server.ts";

/** The repository's otel-collector.yaml. */
export const COLLECTOR_CONFIG = fileURLToPath(
  new URL("../../../otel-collector.yaml", import.meta.url),
);

/** Ports on 127.0.0.1. */
export interface CollectorPorts {
  readonly otlpHttp: number;
  readonly otlpGrpc: number;
  readonly prometheus: number;
  readonly health: number;
  readonly telemetry: number;
}

export interface CollectorOptions {
  /** The otelcol binary. */
  readonly binary: string;
  /** Configuration files, merged in order; otel-collector.yaml unless given. */
  readonly config?: string | readonly string[];
  /** Queues and log file. A temporary folder, removed by `stop()`, unless given. */
  readonly stateDir?: string;
  /** Free ones unless given; give those of a killed Collector to have it come back at the same place. */
  readonly ports?: CollectorPorts;
  /** Base of a log store's OTLP/HTTP; records go there as well as to the file. */
  readonly logStore?: string;
  /** More variables, over those of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A running Collector. */
export interface Collector extends Server {
  /** Base of OTLP/HTTP, for OTEL_EXPORTER_OTLP_ENDPOINT: `/v1/logs` and so on follow it. */
  readonly otlpEndpoint: string;
  readonly otlpGrpcEndpoint: string;
  /** The denial metrics. */
  readonly prometheusEndpoint: string;
  /** The Collector's own metrics. */
  readonly telemetryUrl: string;
  readonly healthUrl: string;
  readonly logFile: string;
  readonly stateDir: string;
  readonly ports: CollectorPorts;
}

const READY_WITHIN_MS = 30_000;
/** The Collector writes out what it holds on SIGTERM; an export that hangs has its own limit of 30 s. */
const GRACE_MS = 10_000;

/**
 * Starts a Collector on loopback and waits until its pipelines run.
 *
 * @throws {StackError} `port-taken`, `server-died` (with what it said) or `not-ready`.
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  return await inServerFolder(options.stateDir, "otelcol", async (stateDir) => {
    await mkdir(stateDir, { recursive: true });
    const { ports } = options;
    return ports === undefined
      ? await onFreePorts(5, async (free) => await start(stateDir, named(free), options))
      : await start(stateDir, ports, options);
  });
}

/**
 * Asks a Collector whether a configuration is right.
 *
 * @throws {StackError} `config-invalid`, with the Collector's words.
 */
export async function validateConfig(
  options: Pick<CollectorOptions, "binary" | "config" | "stateDir" | "env">,
): Promise<void> {
  const env = { ...process.env, OTELCOL_STATE_DIR: options.stateDir ?? tmpdir(), ...options.env };
  const { code, output } = await runCommand(
    options.binary,
    ["validate", ...configArgs(options.config)],
    {
      env,
      timeoutMs: READY_WITHIN_MS,
    },
  );
  if (code !== 0)
    throw new StackError(
      "config-invalid",
      "The Collector refuses its configuration:",
      output.trim(),
    );
}

async function start(
  stateDir: string,
  ports: CollectorPorts,
  options: CollectorOptions,
): Promise<Collector> {
  const healthUrl = `http://127.0.0.1:${ports.health}/`;
  const logFile = options.env?.["OTELCOL_LOG_FILE"] ?? join(stateDir, "denials.jsonl");
  const server = await startServer({
    name: "The Collector",
    command: options.binary,
    args: configArgs(options.config),
    env: {
      ...process.env,
      ...settings(stateDir, logFile, ports, options.logStore),
      ...options.env,
    },
    ports: Object.values(ports),
    outputFile: join(stateDir, "otelcol.log"),
    isReady: async () => (await fetch(healthUrl, { signal: AbortSignal.timeout(1000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
  });
  return Object.assign(server, {
    otlpEndpoint: `http://127.0.0.1:${ports.otlpHttp}`,
    otlpGrpcEndpoint: `http://127.0.0.1:${ports.otlpGrpc}`,
    prometheusEndpoint: `http://127.0.0.1:${ports.prometheus}/metrics`,
    telemetryUrl: `http://127.0.0.1:${ports.telemetry}/metrics`,
    healthUrl,
    logFile,
    stateDir,
    ports,
  });
}

function settings(
  stateDir: string,
  logFile: string,
  ports: CollectorPorts,
  logStore: string | undefined,
): NodeJS.ProcessEnv {
  return {
    OTELCOL_OTLP_GRPC_ENDPOINT: `127.0.0.1:${ports.otlpGrpc}`,
    OTELCOL_OTLP_HTTP_ENDPOINT: `127.0.0.1:${ports.otlpHttp}`,
    OTELCOL_PROMETHEUS_ENDPOINT: `127.0.0.1:${ports.prometheus}`,
    OTELCOL_HEALTH_ENDPOINT: `127.0.0.1:${ports.health}`,
    OTELCOL_TELEMETRY_HOST: "127.0.0.1",
    OTELCOL_TELEMETRY_PORT: String(ports.telemetry),
    OTELCOL_STATE_DIR: stateDir,
    OTELCOL_LOG_FILE: logFile,
    OTELCOL_LOGS_EXPORTERS: logStore === undefined ? "[file]" : "[file, otlp_http/store]",
    ...(logStore === undefined ? {} : { OTELCOL_LOGS_OTLP_ENDPOINT: logStore }),
  };
}

function named(ports: readonly number[]): CollectorPorts {
  const [otlpHttp = 0, otlpGrpc = 0, prometheus = 0, health = 0, telemetry = 0] = ports;
  return { otlpHttp, otlpGrpc, prometheus, health, telemetry };
}

function configArgs(config: string | readonly string[] = COLLECTOR_CONFIG): string[] {
  return [config].flat().flatMap((path) => ["--config", path]);
}
