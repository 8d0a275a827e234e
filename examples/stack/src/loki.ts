import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import { StackError } from "./errors.ts";
import {
  lokiInstant,
  lokiRange,
  type LokiRange,
  type LokiRangeOptions,
  type LokiRecord,
} from "./loki-query.ts";
import { onFreePorts } from "./ports.ts";
import type { Sample } from "./prometheus-answer.ts";
import { type Server, startServer, thenCleanUp } from "./server.ts";

/** The configuration that compose.yaml runs too. */
const LOKI_CONFIG = fileURLToPath(new URL("../../compose/loki.yaml", import.meta.url));

export interface LokiOptions {
  /** The loki binary. */
  readonly binary: string;
  /** Where it keeps records. A temporary folder, removed by `stop()`, unless given. */
  readonly dataDir?: string;
  /** A free one unless given. */
  readonly port?: number;
  /** More flags; they win over the configuration. */
  readonly args?: readonly string[];
}

/** A running Loki. */
export interface Loki extends Server {
  readonly url: string;
  /** Base of OTLP/HTTP, for the Collector's `logStore`: `/v1/logs` follows it. */
  readonly otlpEndpoint: string;
  /**
   * An instant query, so one that counts: `sum(count_over_time({service_name="plugins"}[1h]))`.
   *
   * @param at Now unless given.
   * @throws {StackError} `query-failed`, in Loki's words.
   */
  query(logql: string, at?: Date): Promise<Sample[]>;
  /**
   * The records that match, or a series of counts.
   *
   * @throws {StackError} `query-failed`, in Loki's words.
   */
  queryRange(logql: string, from: Date, to: Date, options?: LokiRangeOptions): Promise<LokiRange>;
  /**
   * Asks for the records of the last hour until they satisfy.
   *
   * @param withinMs 30 s unless given.
   * @throws {StackError} `query-failed`, with the last answer.
   */
  waitFor(
    logql: string,
    satisfies: (records: readonly LokiRecord[]) => boolean,
    withinMs?: number,
  ): Promise<readonly LokiRecord[]>;
}

const READY_WITHIN_MS = 60_000;
const GRACE_MS = 20_000;
const HOUR_MS = 3_600_000;

/**
 * Starts a Loki on loopback, on the configuration that compose.yaml runs.
 *
 * @throws {StackError} `port-taken`, `server-died` (with what it said) or `not-ready`.
 */
export async function startLoki(options: LokiOptions): Promise<Loki> {
  const folder = options.dataDir ?? (await mkdtemp(join(tmpdir(), "pyisolate-loki-")));
  const release = async () => {
    if (options.dataDir === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    // One for itself, on which its parts talk to each other, also where the other is given.
    const loki = await onFreePorts(2, ([http = 0, grpc = 0]) =>
      start(folder, { http: options.port ?? http, grpc }, options),
    );
    return thenCleanUp(loki, release);
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * Asks a Loki whether a configuration is right.
 *
 * @throws {StackError} `config-invalid`, in Loki's words.
 */
export async function validateLokiConfig(
  options: Pick<LokiOptions, "binary"> & {
    readonly config?: string;
    readonly env?: NodeJS.ProcessEnv;
  },
): Promise<void> {
  const { code, output } = await runCommand(
    options.binary,
    [...configArgs(options.config), "-verify-config"],
    {
      env: { ...process.env, LOKI_DATA_DIR: tmpdir(), ...options.env },
      timeoutMs: READY_WITHIN_MS,
    },
  );
  if (code !== 0)
    throw new StackError("config-invalid", "Loki refuses its configuration:", output.trim());
}

async function start(
  folder: string,
  ports: { readonly http: number; readonly grpc: number },
  { binary, args = [] }: LokiOptions,
): Promise<Loki> {
  const url = `http://127.0.0.1:${ports.http}`;
  const server = await startServer({
    name: "Loki",
    command: binary,
    args: [...configArgs(), ...args],
    env: {
      ...process.env,
      LOKI_ADDRESS: "127.0.0.1",
      LOKI_HTTP_PORT: String(ports.http),
      LOKI_GRPC_PORT: String(ports.grpc),
      LOKI_DATA_DIR: folder,
    },
    ports: Object.values(ports),
    outputFile: join(folder, "loki.log"),
    isReady: async () => (await fetch(`${url}/ready`, { signal: AbortSignal.timeout(1000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
  });
  return Object.assign(server, {
    url,
    otlpEndpoint: `${url}/otlp`,
    query: (logql: string, at?: Date) => lokiInstant(url, logql, at),
    queryRange: (logql: string, from: Date, to: Date, more?: LokiRangeOptions) =>
      lokiRange(url, logql, from, to, more),
    async waitFor(
      logql: string,
      satisfies: (records: readonly LokiRecord[]) => boolean,
      withinMs = 30_000,
    ) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const { records } = await lokiRange(url, logql, new Date(Date.now() - HOUR_MS), new Date());
        if (satisfies(records)) return records;
        if (Date.now() > deadline) {
          throw new StackError(
            "query-failed",
            `${logql} did not become what it should within ${withinMs / 1000} s. The last answer, ${records.length} records:`,
            JSON.stringify(records.slice(-3), (_, value: unknown) =>
              typeof value === "bigint" ? String(value) : value,
            ),
          );
        }
        await sleep(200);
      }
    },
  });
}

function configArgs(config = LOKI_CONFIG): string[] {
  return [`-config.file=${config}`, "-config.expand-env=true"];
}
