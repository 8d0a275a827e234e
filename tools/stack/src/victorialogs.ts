import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StackError } from "./errors.ts";
import { onPort } from "./ports.ts";
import type { Sample } from "./prometheus-answer.ts";
import { inServerFolder } from "./server-folder.ts";
import { type Server, startServer } from "./server.ts";
import {
  type StoredRange,
  type StoredRecord,
  storedRecords,
  type StoredSeries,
  storedSamples,
  storedSeries,
} from "./victorialogs-query.ts";

/** What it is told here and in compose.yaml, beside where to listen and where its data is. */
export const VICTORIALOGS_FLAGS: readonly string[] = [
  // It keeps 7 days by itself, and drops what is older without a word to the sender: a spool's backlog of weeks.
  "-retentionPeriod=31d",
  // By itself it lets any page of the web that a browser here has open read the records.
  "-http.disableCORS",
  "-loggerLevel=WARN",
];

export interface VictoriaLogsOptions {
  /** The victoria-logs binary. */
  readonly binary: string;
  /** Where it keeps records. A temporary folder, removed by `stop()`, unless given. */
  readonly dataDir?: string;
  /** A free one unless given. */
  readonly port?: number;
  /** More flags. */
  readonly args?: readonly string[];
}

/** A running VictoriaLogs. */
export interface VictoriaLogs extends Server {
  /** Base of its API; a page to look around in is at `/select/vmui`. */
  readonly url: string;
  /** Base of OTLP/HTTP, for the Collector's `logStore`: `/v1/logs` follows it. It takes protobuf, no JSON. */
  readonly otlpEndpoint: string;
  /**
   * The records that match, oldest first where the query does not sort.
   *
   * @param range The last hour unless given.
   * @param limit Records at most, the newest; 5000 unless given, 0 for all.
   * @throws {StackError} `query-failed`, in its words.
   */
  records(logsql: string, range?: StoredRange, limit?: number): Promise<StoredRecord[]>;
  /**
   * The numbers of a query that ends in `stats`: `* | stats by (pyisolate.cell) count() n`.
   *
   * @param range The last hour unless given.
   * @throws {StackError} `query-failed`, in its words.
   */
  counts(logsql: string, range?: StoredRange): Promise<Sample[]>;
  /**
   * The same in steps of so many seconds.
   *
   * @throws {StackError} `query-failed`, in its words.
   */
  series(logsql: string, range: StoredRange, step: number): Promise<StoredSeries[]>;
  /**
   * Asks for the records of the last hour until they satisfy.
   *
   * @param withinMs 30 s unless given.
   * @throws {StackError} `query-failed`, with the last answer.
   */
  waitFor(
    logsql: string,
    satisfies: (records: readonly StoredRecord[]) => boolean,
    withinMs?: number,
  ): Promise<readonly StoredRecord[]>;
}

const READY_WITHIN_MS = 30_000;
const GRACE_MS = 10_000;
const HOUR_MS = 3_600_000;

/**
 * Starts a VictoriaLogs on loopback, with the flags that compose.yaml gives it.
 *
 * @throws {StackError} `port-taken`, `server-died` (with what it said) or `not-ready`.
 */
export async function startVictoriaLogs(options: VictoriaLogsOptions): Promise<VictoriaLogs> {
  return await inServerFolder(
    options.dataDir,
    "victorialogs",
    async (folder) =>
      await onPort(options.port, async (port) => await start(folder, port, options)),
  );
}

async function start(
  folder: string,
  port: number,
  { binary, args = [] }: VictoriaLogsOptions,
): Promise<VictoriaLogs> {
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: "VictoriaLogs",
    command: binary,
    args: [
      `-storageDataPath=${join(folder, "data")}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      ...VICTORIALOGS_FLAGS,
      ...args,
    ],
    ports: [port],
    outputFile: join(folder, "victoria-logs.log"),
    isReady: async () => (await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
  });
  return Object.assign(server, {
    url,
    otlpEndpoint: `${url}/insert/opentelemetry`,
    records: (logsql: string, range = lastHour(), limit = 5000) =>
      storedRecords(url, logsql, range, limit),
    counts: (logsql: string, range = lastHour()) => storedSamples(url, logsql, range),
    series: (logsql: string, range: StoredRange, step: number) =>
      storedSeries(url, logsql, range, step),
    async waitFor(
      logsql: string,
      satisfies: (records: readonly StoredRecord[]) => boolean,
      withinMs = 30_000,
    ) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const records = await storedRecords(url, logsql, lastHour(), 0);
        if (satisfies(records)) return records;
        if (Date.now() > deadline) {
          throw new StackError(
            "query-failed",
            `${logsql} did not become what it should within ${withinMs / 1000} s. The last answer, ${records.length} records:`,
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

function lastHour(): StoredRange {
  return { from: new Date(Date.now() - HOUR_MS), to: new Date() };
}
