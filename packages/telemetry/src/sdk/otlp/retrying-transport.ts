import type { Answer, HttpTransport } from "./http-transport.ts";

/** What became of a delivery: `given_up` was neither taken nor refused in the time there was. */
export type Delivery =
  | { readonly kind: "accepted"; readonly body: Buffer }
  | { readonly kind: "refused"; readonly error: Error }
  | { readonly kind: "given_up"; readonly error: Error };

/** Who wants to know at once how it goes: the first failed attempt already, long before anything is lost. */
export interface TransportListener {
  failing(error: Error): void;
  recovered(): void;
}

/** Milliseconds before the first retry, and the most between two; doubled in between. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;
/** A server may ask for more, but not for ever, nor to be asked again at once, milliseconds. */
const LONGEST_ASKED_PAUSE = 60_000;

/** A request that has no answer after so many milliseconds is a failing one, though it may yet be taken. */
const UNANSWERED = 3000;

/** Sends a request until it is taken or refused. Its pauses keep no process alive. */
export class RetryingTransport {
  readonly #http: HttpTransport;
  readonly #watch: TransportListener | undefined;
  #closed = false;
  readonly #pauses = new Set<() => void>();

  constructor(http: HttpTransport, watch?: TransportListener) {
    this.#http = http;
    this.#watch = watch;
  }

  /** @param patience milliseconds until it is given up; without end unless given, but for {@link close}. */
  async deliver(body: Uint8Array, patience = Number.POSITIVE_INFINITY): Promise<Delivery> {
    const deadline = performance.now() + patience;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const answer = await this.#post(body, Math.max(deadline - performance.now(), 1));
      if (answer.kind === "accepted") {
        this.#watch?.recovered();
        return answer;
      }
      if (!this.#closed) this.#watch?.failing(answer.error);
      if (answer.kind === "refused") return answer;
      const wait = pauseAfter(answer, pause);
      if (this.#closed || performance.now() + wait > deadline) {
        return { kind: "given_up", error: answer.error };
      }
      await this.#pause(wait);
    }
  }

  async #post(body: Uint8Array, timeout: number): Promise<Answer> {
    // Whoever asks how it goes should not have to wait for the timeout to hear that nobody answers.
    const unanswered = setTimeout(() => {
      if (!this.#closed) this.#watch?.failing(new Error(`no answer for ${UNANSWERED} ms`));
    }, UNANSWERED).unref();
    try {
      return await this.#http.post(body, timeout);
    } finally {
      clearTimeout(unanswered);
    }
  }

  /** Gives up what is under way, at once. */
  close(): void {
    this.#closed = true;
    this.#http.close();
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

/** A fifth up or down, so that the services of a host do not come back all at once. */
function pauseAfter(answer: Answer & { kind: "again" }, pause: number): number {
  if (answer.after !== undefined) {
    return Math.min(Math.max(answer.after, FIRST_PAUSE), LONGEST_ASKED_PAUSE);
  }
  return pause * (0.8 + Math.random() * 0.4);
}
