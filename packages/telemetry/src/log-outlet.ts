import { logs, SeverityNumber } from "@opentelemetry/api";
import type { Logger, LoggerProvider, LogRecord } from "@opentelemetry/api";

import { farEndOf, type FarEnd } from "./far-end.ts";
import { canFlush, forceFlushOf, type Patience } from "./force-flush.ts";
import { SCOPE } from "./scope.ts";
import { EVENTS } from "./semconv.ts";
import { within } from "./within.ts";

/** Where log records go. */
export class LogOutlet {
  #injected: LoggerProvider | undefined;
  #provider: LoggerProvider | undefined;
  #logger: Logger | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(provider: LoggerProvider | undefined) {
    this.#injected = provider;
  }

  set(provider: LoggerProvider): void {
    this.#injected = provider;
  }

  /** Whether a record of this kind is wanted. @throws whatever the logger throws. */
  wants(question: Parameters<Logger["enabled"]>[0]): boolean {
    return this.#current().enabled(question);
  }

  /** @throws whatever the logger throws. */
  emit(record: LogRecord): void {
    this.#current().emit(record);
  }

  /** Why a denial would have no record; undefined where it would have one. */
  get deaf(): string | undefined {
    try {
      const { name: eventName } = EVENTS.denial;
      if (this.wants({ eventName, severityNumber: SeverityNumber.WARN })) return undefined;
      return "no logger wants denials: no provider, or its configuration says no";
    } catch {
      return "the logger throws";
    }
  }

  /** Who knows what became of the records. */
  get farEnd(): FarEnd | undefined {
    return farEndOf(this.#provider);
  }

  /** Whether {@link forceFlush} would do anything. */
  get canFlush(): boolean {
    return canFlush(this.#provider);
  }

  /**
   * Has everything emitted so far exported. One at a time: the SDK's processor answers a second call at once, without
   * waiting, and loses what is queued when it is shut down meanwhile. Never rejects, and waits as long as it has patience,
   * for calls before it too.
   */
  async forceFlush({ timeout, keepAlive }: Patience): Promise<void> {
    const provider = this.#provider;
    if (!canFlush(provider)) return;
    this.#flushing = this.#flushing.then(async () => {
      await forceFlushOf(provider);
    });
    await within(this.#flushing, timeout, { keepAlive });
  }

  #current(): Logger {
    const provider = this.#injected ?? logs.getLoggerProvider();
    if (provider !== this.#provider || this.#logger === undefined) {
      this.#logger = provider.getLogger(SCOPE.name, SCOPE.version);
      this.#provider = provider;
      // Whatever the last one still does, this one does not wait for it.
      this.#flushing = Promise.resolve();
    }
    return this.#logger;
  }
}
