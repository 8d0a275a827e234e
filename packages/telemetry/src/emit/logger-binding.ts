import { logs, SeverityNumber } from "@opentelemetry/api";
import type { Logger, LoggerProvider, LogRecord } from "@opentelemetry/api";

import type { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import { exporterOf, type ProviderExporter } from "../provider-link.ts";
import { canFlush, forceFlushOf, type WaitOptions, withTimeout } from "../with-timeout.ts";
import { SCOPE } from "../scope.ts";
import { EVENTS } from "../semconv.ts";

/** Where log records go. */
export class LoggerBinding {
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

  /**
   * @param receipt is settled when it is known what became of the record: at once, if the provider is not one that settles
   * receipts.
   * @returns false if the logger did not want the record after all; then the receipt is not settled.
   * @throws whatever the logger throws; then the receipt is not settled either.
   */
  emit(record: LogRecord, receipt?: DeliveryReceipt): boolean {
    const logger = this.#current();
    if (receipt !== undefined && this.exporter !== undefined) {
      return emitWith(receipt, record, logger);
    }
    logger.emit(record);
    receipt?.owner.settle("arrived", 1, receipt.denials);
    return true;
  }

  /** Why a denial would have no record; undefined where it would have one. */
  get deaf(): string | undefined {
    try {
      this.#current();
      if (this.exporter?.state.off === true) return undefined;
      const { name: eventName } = EVENTS.denial;
      if (this.wants({ eventName, severityNumber: SeverityNumber.WARN })) return undefined;
      return "no logger wants denials: no provider, or its configuration says no";
    } catch {
      return "the logger throws";
    }
  }

  /** Who knows what became of the records. */
  get exporter(): ProviderExporter | undefined {
    return exporterOf(this.#provider);
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
  async forceFlush({ timeout, keepAlive }: WaitOptions): Promise<void> {
    const provider = this.#provider;
    if (!canFlush(provider)) return;
    this.#flushing = this.#flushing.then(async () => {
      await forceFlushOf(provider);
    });
    await withTimeout(this.#flushing, timeout, { keepAlive });
  }

  /**
   * Has whoever exports catch up, so far as it needs to. Never rejects, and waits as long as it has patience.
   *
   * @returns false where more records would have no room yet.
   */
  async pace(patience: WaitOptions): Promise<boolean> {
    const { exporter } = this;
    const provider = this.#provider;
    if (exporter === undefined) {
      await this.forceFlush(patience);
      return true;
    }
    if (exporter.room === undefined) return true;
    const hasRoom = await withTimeout(exporter.room(), patience.timeout, {
      keepAlive: patience.keepAlive,
    });
    // Another provider has room of its own.
    return hasRoom || this.#wanted !== provider;
  }

  get #wanted(): LoggerProvider {
    return this.#injected ?? logs.getLoggerProvider();
  }

  #current(): Logger {
    const provider = this.#wanted;
    if (provider !== this.#provider || this.#logger === undefined) {
      this.#logger = provider.getLogger(SCOPE.name, SCOPE.version);
      this.#provider = provider;
      // Whatever the last one still does, this one does not wait for it.
      this.#flushing = Promise.resolve();
    }
    return this.#logger;
  }
}

/** @returns whether a processor has taken the receipt, and with it the record. */
function emitWith(receipt: DeliveryReceipt, record: LogRecord, logger: Logger): boolean {
  try {
    logger.emit({ ...record, context: receipt.in(record.context) });
  } catch (error) {
    // A processor that has the record settles its receipt, whatever was thrown after it.
    if (!receipt.taken) throw error;
  }
  return receipt.taken;
}
