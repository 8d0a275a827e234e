import type { Agent, ClientRequest, IncomingMessage } from "node:http";
// Node's own timers, also where a service's tests have replaced the global ones.
import { clearTimeout, setTimeout } from "node:timers";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

import type { IExporterTransport } from "@opentelemetry/otlp-exporter-base";
import { convertLegacyHttpOptions } from "@opentelemetry/otlp-exporter-base/node-http";

import { LONGEST } from "../environment-reader.ts";
import { isSendable } from "../otlp-variables.ts";
import { readAnswer, type HttpResponse } from "./otlp-answer.ts";

/** Most bytes read of an answer. A longer one does not come from an OTLP receiver. */
const MAX_ANSWER = 65_536;

/** Of one request, milliseconds: OpenTelemetry's own default. */
const DEFAULT_TIMEOUT = 10_000;

const compress = promisify(gzip);

/** The part that is used of the SDK's configuration of an exporter. */
interface Config {
  readonly url: string;
  readonly timeoutMillis: number;
  readonly compression: string;
  headers(): Promise<Record<string, string>>;
  agentFactory(protocol: string): Agent | Promise<Agent>;
}

/** Sends an OTLP/HTTP request once. It has no timer that keeps the process up, and after {@link shutdown} no socket. */
export class HttpTransport implements IExporterTransport {
  readonly #config: Config;
  readonly #open = new Set<ClientRequest>();
  #agent: Promise<Agent> | undefined;
  #closed = false;

  /** @param url If undefined it is read from the OTEL_EXPORTER_OTLP_* variables, like headers, timeout, compression and certificates. */
  constructor(url: string | undefined, signal: "LOGS" | "METRICS", path: string) {
    // Deprecated in favour of a function that the pinned version does not have yet. No other function reads all the variables.
    // oxlint-disable-next-line typescript/no-deprecated
    this.#config = convertLegacyHttpOptions(url === undefined ? {} : { url }, signal, path, {});
  }

  get url(): string {
    return this.#config.url;
  }

  /** The configured time limit of one request, milliseconds. */
  get timeout(): number {
    const { timeoutMillis } = this.#config;
    // Past what a timer can wait it would fire at once.
    return timeoutMillis <= LONGEST ? timeoutMillis : DEFAULT_TIMEOUT;
  }

  /** Never rejects, and waits no longer than `timeoutMillis`, nor than {@link timeout}. */
  async send(body: Uint8Array, timeoutMillis: number): Promise<HttpResponse> {
    try {
      const headers = Object.fromEntries(
        Object.entries(await this.#config.headers()).filter(([name, value]) =>
          isSendable(name, value),
        ),
      );
      headers["Content-Type"] = "application/json";
      const zipped = this.#config.compression === "gzip";
      if (zipped) headers["Content-Encoding"] = "gzip";
      const timeout = Math.min(timeoutMillis, this.timeout);
      return await this.#post(headers, zipped ? await compress(body) : body, timeout);
    } catch (error) {
      return { status: "retryable", error: asError(error) };
    }
  }

  /** Ends what is under way. */
  giveUp(why = "given up"): void {
    for (const request of this.#open) request.destroy(new Error(why));
  }

  /** Ends what is under way. A request that is sent from now on is answered `retryable`. */
  shutdown(): void {
    this.#closed = true;
    this.giveUp("telemetry has been shut down");
    void this.#agent?.then(
      (agent) => {
        agent.destroy();
      },
      // send() has returned this failure already.
      () => {},
    );
  }

  async #post(
    headers: Record<string, string>,
    body: Uint8Array,
    timeout: number,
  ): Promise<HttpResponse> {
    const url = new URL(this.#config.url);
    // Imported here and not above, so that an instrumentation can patch node:http first.
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
    // After a switch of protocols there would be neither an answer nor an error.
    request.once("upgrade", (_response, socket) => {
      socket.destroy();
      resolve({ status: "retryable", error: new Error("the server switched to another protocol") });
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
    // The server may have taken the request. It is sent again: a record twice is better than a record lost.
    return { status: "retryable", error: asError(error) };
  }
  return readAnswer({
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  });
}

/** An error with a message: Node's AggregateError, for a name with several addresses, has none of its own. */
function asError(error: unknown): Error {
  if (error instanceof AggregateError && error.message === "") return asError(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
}
