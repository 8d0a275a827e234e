// Node's own timers, also where a service's tests have replaced the global ones: a pause would never end.
import { clearTimeout, setTimeout } from "node:timers";

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

/** Attempts after which a request that is put off is given back, so that its size can be looked at. */
const PATIENCE = 3;

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
  /** How often. */
  #givenUp = 0;
  /** The pause before the next retry. Kept between requests, so that in an outage each does not begin anew with short pauses. */
  #pauseNow = FIRST_PAUSE;
  readonly #pauses = new Set<() => void>();

  constructor(http: HttpTransport, listener?: TransportListener) {
    this.#http = http;
    this.#listener = listener;
  }

  /** Whether it has been ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Never rejects. @param timeoutMillis may be infinite: then only {@link shutdown} gives the request up. */
  async send(data: Uint8Array, timeoutMillis: number): Promise<HttpResponse> {
    const deadline = performance.now() + timeoutMillis;
    const times = this.#givenUp;
    for (let pause = FIRST_PAUSE; ; pause = longer(pause)) {
      const response = await this.#attempt(data, Math.max(deadline - performance.now(), 1));
      if (response.status !== "retryable") return response;
      const wait = pauseBefore(response.retryInMillis, pause);
      if (this.#closed || performance.now() + wait > deadline) return response;
      if (times === this.#givenUp) await this.#pause(wait);
      if (times !== this.#givenUp) return response;
    }
  }

  /**
   * As {@link send}, but for a few attempts only, with a pause after each that has failed, the last one included.
   *
   * @param how `untilRefused`: a refusal is returned at once.
   */
  async sendSome(
    data: Uint8Array,
    how: { readonly attempts?: number; readonly untilRefused?: boolean } = {},
  ): Promise<HttpResponse> {
    const { attempts = PATIENCE, untilRefused = false } = how;
    for (let left = attempts - 1; ; left--) {
      const response = await this.#attempt(data, Number.POSITIVE_INFINITY);
      if (response.status !== "retryable") {
        this.#pauseNow = FIRST_PAUSE;
        return response;
      }
      if (untilRefused && response.refused === true) return response;
      const wait = pauseBefore(response.retryInMillis, this.#pauseNow);
      this.#pauseNow = longer(this.#pauseNow);
      await this.#pause(wait);
      if (this.#closed || left === 0) return response;
    }
  }

  /** One attempt and no pause, where it is known that the server takes requests: a failure is not reported, as it is about this one. */
  async sendOnce(data: Uint8Array): Promise<HttpResponse> {
    const response = await this.#http.send(data, Number.POSITIVE_INFINITY);
    if (response.status === "success") this.#listener?.recovered();
    return response;
  }

  async #attempt(data: Uint8Array, timeout: number): Promise<HttpResponse> {
    // Reported before the timeout: health should not say for ten seconds that all is well.
    const unanswered = setTimeout(() => {
      if (!this.#closed) this.#listener?.failing(new Error(`no answer for ${UNANSWERED} ms`));
    }, UNANSWERED).unref();
    try {
      const response = await this.#http.send(data, timeout);
      if (response.status === "success") this.#listener?.recovered();
      else if (!this.#closed) this.#listener?.failing(response.error);
      return response;
    } finally {
      clearTimeout(unanswered);
    }
  }

  /** Gives up what {@link send} has under way, at once. What is sent from now on is sent. */
  giveUp(): void {
    this.#givenUp += 1;
    this.#http.giveUp();
    for (const end of this.#pauses) end();
  }

  /** Gives up what is under way, at once, and takes no more. */
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

function longer(pause: number): number {
  return Math.min(pause * 2, LONGEST_PAUSE);
}

/** What the server asked for, within bounds; else a fifth more or less than `pause`, so that a host's services do not retry at once. */
function pauseBefore(asked: number | undefined, pause: number): number {
  if (asked !== undefined) return Math.min(Math.max(asked, FIRST_PAUSE), LONGEST_ASKED_PAUSE);
  return pause * (0.8 + Math.random() * 0.4);
}
