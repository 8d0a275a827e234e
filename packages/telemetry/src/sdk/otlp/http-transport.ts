import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type {
  ExportResponseFailure,
  ExportResponseRetryable,
  ExportResponseSuccess,
  IExporterTransport,
} from "@opentelemetry/otlp-exporter-base";
import { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";

/** What became of one request. `failure`: the server took it and said no, so that it never will succeed. */
export type HttpResponse =
  | ExportResponseSuccess
  | ExportResponseFailure
  | (ExportResponseRetryable & { readonly error: Error });

/** Of an answer no more is read than this, bytes: its status has said what became of the request. */
const MAX_ANSWER = 65_536;

/**
 * What the OTLP specification calls retryable (429, 502, 503, 504), and what says something about the endpoint instead of
 * the request: a wrong token or path can be put right while the records wait. So can a redirection, which is not followed:
 * it could lead the records anywhere.
 */
const RETRYABLE = new Set([401, 403, 404, 405, 407, 408, 421, 425, 429, 502, 503, 504]);

const compress = promisify(gzip);

/** What is needed of the SDK's own configuration of an exporter. */
interface Config {
  readonly url: string;
  readonly timeoutMillis: number;
  readonly compression: string;
  headers(): Promise<Record<string, string>>;
  agentFactory(protocol: string): Agent | Promise<Agent>;
}

/**
 * Sends OTLP/HTTP requests, each once. The SDK's own transport retries on timers that keep the process alive and cannot be
 * stopped; this one has no timers that do, and after {@link shutdown} no sockets.
 */
export class HttpTransport implements IExporterTransport {
  readonly #config: Config;
  readonly #open = new Set<ClientRequest>();
  #agent: Promise<Agent> | undefined;
  #closed = false;

  /** @param url undefined: from the OTEL_EXPORTER_OTLP_* variables, as headers, timeout, compression and certificates are. */
  constructor(url: string | undefined, signal: "LOGS" | "METRICS", path: string) {
    // Deprecated for a successor that the pinned version does not have; it is the one reader of all the variables.
    // oxlint-disable-next-line typescript/no-deprecated
    this.#config = convertLegacyHttpOptions(url === undefined ? {} : { url }, signal, path, {
      "Content-Type": "application/json",
    });
  }

  get url(): string {
    return this.#config.url;
  }

  /** Longest time for one request, milliseconds. */
  get timeout(): number {
    return this.#config.timeoutMillis;
  }

  /** Never rejects, and waits no longer than `timeoutMillis`, nor than {@link timeout}. */
  async send(body: Uint8Array, timeoutMillis: number): Promise<HttpResponse> {
    try {
      const headers = { ...(await this.#config.headers()) };
      const zipped = this.#config.compression === "gzip";
      if (zipped) headers["Content-Encoding"] = "gzip";
      const timeout = Math.min(timeoutMillis, this.timeout);
      return await this.#post(headers, zipped ? await compress(body) : body, timeout);
    } catch (error) {
      return { status: "retryable", error: asError(error) };
    }
  }

  /** Ends what is under way. Whatever is sent from now on is `retryable`. */
  shutdown(): void {
    this.#closed = true;
    for (const request of this.#open) request.destroy(new Error("telemetry has been shut down"));
    void this.#agent?.then(
      (agent) => {
        agent.destroy();
      },
      // Whoever sends has been told.
      () => {},
    );
  }

  async #post(
    headers: Record<string, string>,
    body: Uint8Array,
    timeout: number,
  ): Promise<HttpResponse> {
    const url = new URL(this.#config.url);
    // Loaded here and not above, so that an instrumentation of node:http may come before.
    const { request: start } = await (url.protocol === "https:"
      ? import("node:https")
      : import("node:http"));
    this.#agent ??= Promise.resolve(this.#config.agentFactory(url.protocol));
    const agent = await this.#agent;
    if (this.#closed)
      return { status: "retryable", error: new Error("telemetry has been shut down") };
    const { promise, resolve } = Promise.withResolvers<HttpResponse>();
    const request = start(
      url,
      { method: "POST", agent, headers: { ...headers, "Content-Length": String(body.length) } },
      (response) => {
        void read(response).then(resolve);
      },
    );
    this.#open.add(request);
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${timeout} ms`));
    }, timeout).unref();
    request.once("error", (error) => {
      resolve({ status: "retryable", error: asError(error) });
    });
    // A protocol that was switched ends in neither an answer nor an error.
    request.once("upgrade", (_response, socket) => {
      socket.destroy();
      resolve({ status: "retryable", error: new Error("the server speaks another protocol") });
    });
    request.end(body);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#open.delete(request);
    }
  }
}

async function read(response: IncomingMessage): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER) break;
    }
  } catch (error) {
    // Nobody knows whether it was taken: twice is better than never.
    return { status: "retryable", error: asError(error) };
  }
  const code = response.statusCode ?? 0;
  const body = Buffer.concat(chunks);
  if (code >= 200 && code <= 299) return { status: "success", data: body };
  const said = body.toString("utf8", 0, 200);
  const error = new Error(`the server answered ${code}${said === "" ? "" : `: ${said}`}`);
  const isRedirection = code >= 300 && code <= 399;
  if (!isRedirection && !RETRYABLE.has(code)) return { status: "failure", error };
  const after = retryAfter(response.headers["retry-after"]);
  return { status: "retryable", error, ...(after === undefined ? {} : { retryInMillis: after }) };
}

/** Milliseconds: the header has seconds, or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const millis = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(millis) ? Math.max(millis, 0) : undefined;
}

/** Node's error for a name with several addresses has no message of its own. */
function asError(error: unknown): Error {
  if (error instanceof AggregateError && error.message === "") return asError(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}
