import type { IExporterTransport } from "@opentelemetry/otlp-exporter-base";

import type { HttpTransport } from "./http-transport.ts";
import type { HttpResponse } from "./otlp-answer.ts";

/** Learns of each attempt, so that health shows the first failed one, long before anything is lost. */
export interface TransportListener {
  failing(error: Error): void;
  recovered(): void;
}

/** Milliseconds before the first retry, and the most before a later one. Each pause is twice the one before. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;
/** The longest pause that a server can ask for, milliseconds. */
const LONGEST_ASKED_PAUSE = 60_000;

/** After so many milliseconds without an answer a request is reported as failing, though it may still succeed. */
const UNANSWERED = 3000;

/**
 * Sends a request until the server has taken or refused it. `retryable` then means that neither happened in the time there was.
 * The exporter base's own gives up after five attempts, on timers that keep the process up and cannot be ended.
 */
export class RetryingTransport implements IExporterTransport {
  readonly #http: HttpTransport;
  readonly #listener: TransportListener | undefined;
  #closed = false;
  readonly #pauses = new Set<() => void>();

  constructor(http: HttpTransport, listener?: TransportListener) {
    this.#http = http;
    this.#listener = listener;
  }

  /** Never rejects. @param timeoutMillis may be infinite: then only {@link shutdown} gives the request up. */
  async send(data: Uint8Array, timeoutMillis: number): Promise<HttpResponse> {
    const deadline = performance.now() + timeoutMillis;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const response = await this.#attempt(data, Math.max(deadline - performance.now(), 1));
      if (response.status === "success") {
        this.#listener?.recovered();
        return response;
      }
      if (!this.#closed) this.#listener?.failing(response.error);
      if (response.status === "failure") return response;
      const wait = pauseBefore(response.retryInMillis, pause);
      if (this.#closed || performance.now() + wait > deadline) return response;
      await this.#pause(wait);
    }
  }

  async #attempt(data: Uint8Array, timeout: number): Promise<HttpResponse> {
    // Reported before the timeout: health should not say for ten seconds that all is well.
    const unanswered = setTimeout(() => {
      if (!this.#closed) this.#listener?.failing(new Error(`no answer for ${UNANSWERED} ms`));
    }, UNANSWERED).unref();
    try {
      return await this.#http.send(data, timeout);
    } finally {
      clearTimeout(unanswered);
    }
  }

  /** Gives up what is under way, at once. */
  shutdown(): void {
    this.#closed = true;
    this.#http.shutdown();
    for (const end of this.#pauses) end();
  }

  async #pause(millis: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const end = () => {
      clearTimeout(timer);
      this.#pauses.delete(end);
      resolve(undefined);
    };
    const timer = setTimeout(end, millis).unref();
    this.#pauses.add(end);
    await promise;
  }
}

/** What the server asked for, within bounds; else a fifth more or less than `pause`, so that a host's services do not retry at once. */
function pauseBefore(asked: number | undefined, pause: number): number {
  if (asked !== undefined) return Math.min(Math.max(asked, FIRST_PAUSE), LONGEST_ASKED_PAUSE);
  return pause * (0.8 + Math.random() * 0.4);
}
