import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StackError } from "./errors.ts";
import { onPort } from "./ports.ts";
import { parseVector, type Sample } from "./prometheus-answer.ts";
import { inServerFolder } from "./server-folder.ts";
import { type Server, startServer } from "./server.ts";

export interface ScrapeTarget {
  /** For targets that do not say their own. */
  readonly job: string;
  /** An `http://` address with the path of the metrics. */
  readonly url: string;
}

export interface PrometheusOptions {
  /** The prometheus binary. */
  readonly binary: string;
  readonly targets: readonly ScrapeTarget[];
  /** Rule files, absolute. */
  readonly rules?: readonly string[];
  /** An Alertmanager's address, to which alerts are sent. */
  readonly alertmanager?: string;
  /** A free one unless given. */
  readonly port?: number;
}

/** A running Prometheus. */
export interface Prometheus extends Server {
  readonly url: string;
  /**
   * An instant query.
   *
   * @throws {StackError} `query-failed`: the expression is wrong, or its answer no vector or scalar.
   */
  query(promql: string): Promise<Sample[]>;
  /**
   * Asks until the answer satisfies. A new target's first scrape may take five seconds.
   *
   * @param withinMs 30 s unless given.
   * @throws {StackError} `query-failed`, with the last answer.
   */
  waitFor(
    promql: string,
    satisfies: (samples: Sample[]) => boolean,
    withinMs?: number,
  ): Promise<Sample[]>;
}

const READY_WITHIN_MS = 30_000;
const GRACE_MS = 10_000;

/**
 * Starts a Prometheus on loopback that scrapes each target every second, with its data in a temporary folder.
 *
 * @throws {StackError} `port-taken`, `server-died` (with what it said) or `not-ready`.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  return await inServerFolder(undefined, "prometheus", async (folder) => {
    await writeFile(join(folder, "prometheus.yml"), configuration(options));
    return await onPort(options.port, async (port) => await start(folder, port, options.binary));
  });
}

async function start(folder: string, port: number, binary: string): Promise<Prometheus> {
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: "Prometheus",
    command: binary,
    args: [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      // The default is every interface.
      `--web.listen-address=127.0.0.1:${port}`,
      // Hidden, and 5 s: how long a new target waits for its first scrape.
      "--scrape.discovery-reload-interval=100ms",
      "--log.format=json",
    ],
    ports: [port],
    outputFile: join(folder, "prometheus.log"),
    isReady: async () => (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    graceMs: GRACE_MS,
  });
  const query = (promql: string) => instantQuery(url, promql);
  return Object.assign(server, {
    url,
    query,
    async waitFor(promql: string, satisfies: (samples: Sample[]) => boolean, withinMs = 30_000) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const samples = await query(promql);
        if (satisfies(samples)) return samples;
        if (Date.now() > deadline) {
          throw new StackError(
            "query-failed",
            `${promql} did not become what it should within ${withinMs / 1000} s. The last answer:`,
            JSON.stringify(samples),
          );
        }
        await sleep(200);
      }
    },
  });
}

async function instantQuery(url: string, promql: string): Promise<Sample[]> {
  // No time in the request: Prometheus then answers as of now.
  const response = await fetch(`${url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: promql }),
    signal: AbortSignal.timeout(10_000),
  });
  return parseVector(promql, await response.json());
}

// JSON is YAML.
function configuration(options: PrometheusOptions): string {
  const { alertmanager } = options;
  const alertmanagers =
    alertmanager === undefined
      ? []
      : [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }];
  return JSON.stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: options.rules ?? [],
    alerting: { alertmanagers },
    scrape_configs: options.targets.map(({ job, url }) => {
      const { host, pathname } = new URL(url);
      return {
        job_name: job,
        // job and instance are the service's, which the Collector passes on; not the Collector's.
        honor_labels: true,
        metrics_path: pathname,
        static_configs: [{ targets: [host] }],
      };
    }),
  });
}
