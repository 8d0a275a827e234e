import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";

import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";

import { TelemetryStartError, type TelemetryStartCode } from "../errors.ts";
import type { HealthAnswer } from "./healthz.ts";

/** The full name of the Prometheus text format, so that every scraper knows it. The exporter's own server says `text/plain` only. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const PATH = "/metrics";
const HEALTH_PATH = "/healthz";

/** Scrapes that can be open at once. A slow client takes up one of these sockets and nothing else. */
const MAX_CONNECTIONS = 64;
/** The longest that a request may take to arrive, milliseconds. */
const REQUEST_TIMEOUT = 10_000;

/**
 * Serves `/metrics` and `/healthz` in this process. It replaces the exporter's own server, which listens on 9464 for port 0,
 * cannot be started again after a failure, and answers a failed collection with 200.
 */
export class ScrapeServer {
  readonly reader = new PrometheusExporter({ preventServerStart: true });
  readonly #serializer = makeSerializer();
  readonly #host: string;
  readonly #port: number;
  readonly #server: Server;
  readonly #warn: (error: Error) => void;
  readonly #health: () => HealthAnswer;
  #listening: Promise<void> | undefined;
  #awaited = false;

  /** @param warn Is called with a failure to listen if {@link ready} has not been called. */
  constructor(
    host: string,
    port: number,
    warn: (error: Error) => void,
    health: () => HealthAnswer,
  ) {
    this.#host = host;
    this.#port = port;
    this.#warn = warn;
    this.#health = health;
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
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
  get url(): string {
    const port = this.#port === 0 ? this.#boundPort() : this.#port;
    if (port === undefined) {
      throw new TelemetryStartError(
        "not_ready",
        "prometheusUrl is not known yet: with port 0, `await otel.ready()` first",
      );
    }
    return `http://${isIPv6(this.#host) ? `[${this.#host}]` : this.#host}:${port}${PATH}`;
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
    this.#server.listen({ host: this.#host, port: this.#port }, () => {
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
    return new TelemetryStartError(code, message.replace("%", at), { cause: error });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const path = request.url?.split("?", 1)[0];
    if (path === HEALTH_PATH) {
      const { status, body } = this.#health();
      response.writeHead(status, { "content-type": "application/json" }).end(body);
      return;
    }
    if (path !== PATH) {
      response.writeHead(404).end();
      return;
    }
    try {
      const { resourceMetrics } = await this.reader.collect();
      const text = this.#serializer.serialize(resourceMetrics);
      response.writeHead(200, { "content-type": CONTENT_TYPE }).end(text);
    } catch (error) {
      // Prometheus shows this text as the reason for the failed scrape.
      const reason = error instanceof Error ? error.message : "unknown error";
      response.writeHead(500, { "content-type": "text/plain" }).end(`cannot collect: ${reason}\n`);
    }
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

const START_ERRORS: Readonly<Record<string, readonly [TelemetryStartCode, string]>> = {
  EADDRINUSE: [
    "port_taken",
    "% is taken: stop what listens there, or pass another `port` (0 is any free one), or set OTEL_EXPORTER_PROMETHEUS_PORT",
  ],
  EACCES: ["port_forbidden", "% needs more rights than this process has: pass a `port` above 1023"],
  EADDRNOTAVAIL: [
    "host_unavailable",
    "% is not an address of this machine: pass its own address, or 127.0.0.1, as `host`",
  ],
  ENOTFOUND: [
    "host_unavailable",
    "% cannot be resolved: pass an address of this machine, such as 127.0.0.1, as `host`",
  ],
};
