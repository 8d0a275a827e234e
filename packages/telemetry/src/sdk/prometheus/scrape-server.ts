import cluster from "node:cluster";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";

import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";

import { withTimeout } from "../../with-timeout.ts";
import { TelemetryStartError, type TelemetryStartCode } from "../errors.ts";
import { boundSockets, READ_LIMITS } from "./bounded-sockets.ts";
import type { HealthAnswer } from "./healthz.ts";
import { isHostOf } from "./host-header.ts";
import { SharedCollection } from "./shared-collection.ts";

/** The full name of the Prometheus text format, so that every scraper knows it. The exporter's own server says `text/plain` only. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
export const METRICS_PATH = "/metrics";
export const HEALTH_PATH = "/healthz";

/** The longest that a collection may take, milliseconds: past it the page has what there is. Prometheus itself waits 10 s. */
const COLLECT_TIME = 5000;
/** How much longer a collection may take as a whole, if it does not keep to that. */
const GRACE = 1000;

/**
 * Serves `/healthz` in this process, and `/metrics` where that is wanted. It replaces the exporter's own server, which listens on 9464 for port 0,
 * cannot be started again after a failure, and answers a failed collection with 200. No client of it can hold up the service: what
 * it may use of sockets, time and memory is bounded, however many ask at once there is one collection, and `/healthz` needs none.
 */
export class ScrapeServer {
  /** Undefined if it serves no `/metrics`. */
  readonly reader: PrometheusExporter | undefined;
  readonly #serializer = makeSerializer();
  readonly #host: string;
  readonly #port: number;
  readonly #server: Server;
  readonly #warn: (error: Error) => void;
  readonly #health: () => HealthAnswer;
  readonly #page: SharedCollection<Buffer> | undefined;
  #listening: Promise<void> | undefined;
  #awaited = false;

  /** @param warn Is called with a failure to listen if {@link ready} has not been called. */
  constructor(
    { host, port, hasMetrics }: { host: string; port: number; hasMetrics: boolean },
    warn: (error: Error) => void,
    health: () => HealthAnswer,
  ) {
    this.#host = host;
    this.#port = port;
    if (hasMetrics) {
      const reader = new PrometheusExporter({ preventServerStart: true });
      this.reader = reader;
      this.#page = new SharedCollection(async () => await this.#collect(reader));
    }
    this.#warn = warn;
    this.#health = health;
    this.#server = createServer(READ_LIMITS);
    boundSockets(this.#server, (request, response) => {
      void this.#answer(request, response);
    });
    // The server alone must not keep a service up that has nothing else to do.
    this.#server.unref();
  }

  /** Begins to listen. {@link ready} says when that has succeeded. */
  start(): void {
    this.#listening = this.#listen();
    // Handled here: an unhandled rejection would end the service because its metrics cannot be scraped.
    this.#listening.catch((error: unknown) => {
      if (!this.#awaited && error instanceof Error) this.#warn(error);
    });
  }

  /** Rejects with a {@link TelemetryStartError} if it cannot listen on the port. */
  async ready(): Promise<void> {
    this.#awaited = true;
    await this.#listening;
  }

  /** @throws TelemetryStartError `not_ready` with port 0, until {@link ready} has resolved. */
  urlOf(path: string): string {
    const port = this.#port === 0 ? this.#boundPort() : this.#port;
    if (port === undefined) {
      throw new TelemetryStartError(
        "not_ready",
        "the URL is not known yet: with port 0, `await otel.ready()` first",
      );
    }
    return `http://${isIPv6(this.#host) ? `[${this.#host}]` : this.#host}:${port}${path}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      // An error here only says that the server was not listening.
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeAllConnections();
    await closed;
  }

  #boundPort(): number | undefined {
    return (this.#server.address() as AddressInfo | null)?.port;
  }

  async #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#server.once("error", (error: NodeJS.ErrnoException) => {
      reject(this.#startError(error));
    });
    // Exclusive: the workers of a cluster would share the port otherwise, and a scrape would get the counts of one by chance.
    this.#server.listen({ host: this.#host, port: this.#port, exclusive: true }, () => {
      resolve(undefined);
    });
    await promise;
  }

  #startError(error: NodeJS.ErrnoException): TelemetryStartError {
    const at = `${this.#host}:${this.#port}`;
    const [code, message] = START_ERRORS[error.code ?? ""] ?? [
      "listen_failed" as const,
      `cannot listen on %: ${error.message}`,
    ];
    const isShared = code === "port_taken" && cluster.isWorker && this.reader !== undefined;
    const hint = isShared ? CLUSTER_HINT : "";
    return new TelemetryStartError(code, message.replace("%", at) + hint, { cause: error });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    if (!isHostOf(this.#host, request.headers.host)) {
      // 421: Misdirected Request.
      response.writeHead(421, { "content-type": "text/plain" });
      response.end("this server is asked by its address, or as localhost\n");
      return;
    }
    const path = request.url?.split("?", 1)[0];
    if (path === HEALTH_PATH) {
      const { status, body } = this.#health();
      response.writeHead(status, { "content-type": "application/json" }).end(body);
      return;
    }
    if (path !== METRICS_PATH || this.#page === undefined) {
      response.writeHead(404).end();
      return;
    }
    try {
      const page = await this.#page.get();
      response.writeHead(200, { "content-type": CONTENT_TYPE, "content-length": page.length });
      response.end(page);
    } catch (error) {
      // Prometheus shows this text as the reason for the failed scrape.
      const reason = error instanceof Error ? error.message : "unknown error";
      response.writeHead(500, { "content-type": "text/plain" }).end(`cannot collect: ${reason}\n`);
    }
  }

  // A callback of other instrumentation that never ends has the SDK collect what there is; what does not even then is given up.
  async #collect(reader: PrometheusExporter): Promise<Buffer> {
    let page: Buffer | undefined;
    const collected = reader.collect({ timeoutMillis: COLLECT_TIME }).then((result) => {
      page = Buffer.from(this.#serializer.serialize(result.resourceMetrics));
    });
    await withTimeout(collected, COLLECT_TIME + GRACE, { keepAlive: false });
    if (page === undefined) throw new Error(`no metrics within ${COLLECT_TIME + GRACE} ms`);
    return page;
  }
}

function makeSerializer(): PrometheusSerializer {
  const prefix = undefined;
  const appendTimestamp = false;
  const resourceConstantLabels = undefined;
  const withoutTargetInfo = false;
  // Without the recorder's name and version as labels, as behind a Collector: with them an upgrade would end every series, and
  // alerts would fire for silent services and for rules that seem to refuse for the first time.
  const withoutScopeInfo = true;
  return new PrometheusSerializer(
    prefix,
    appendTimestamp,
    resourceConstantLabels,
    withoutTargetInfo,
    withoutScopeInfo,
  );
}

const CLUSTER_HINT =
  '. Each worker of a cluster needs a port of its own, and is scraped there; or give them `metrics: "otlp"`, and Prometheus adds up what the Collector has';

const START_ERRORS: Readonly<Record<string, readonly [TelemetryStartCode, string]>> = {
  EADDRINUSE: [
    "port_taken",
    "% is taken: stop what listens there, or pass another `port` (0 is any free one), or set OTEL_EXPORTER_PROMETHEUS_PORT",
  ],
  EACCES: ["port_forbidden", "% needs more rights than this process has: pass a `port` above 1023"],
  EADDRNOTAVAIL: [
    "host_unavailable",
    "% is not an address of this machine: pass its own address, or 127.0.0.1, as `host` or in OTEL_EXPORTER_PROMETHEUS_HOST",
  ],
  ENOTFOUND: [
    "host_unavailable",
    "% cannot be resolved: pass an address of this machine, such as 127.0.0.1, as `host` or in OTEL_EXPORTER_PROMETHEUS_HOST",
  ],
};
