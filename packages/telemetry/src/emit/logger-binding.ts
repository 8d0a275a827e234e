import type { Logger, LoggerProvider, LogRecord } from "@opentelemetry/api";
import { cleanText } from "@pyisolate/policy/events";
import { inWords, isThenable } from "@pyisolate/policy/options";

import type { DeliveryReceipt } from "../ledger/delivery-receipt.ts";
import {
  exporterOf,
  hasSyncDisk,
  type ExporterState,
  type ProviderExporter,
  type SyncDisk,
} from "../provider-link.ts";
import { SCOPE } from "../instrumentation-scope.ts";
import { SEVERITY } from "../records/severity.ts";
import { EVENTS } from "../semconv.ts";
import { globalLoggerProvider } from "./global-loggers.ts";
import { canFlush, forceFlushOf, type WaitOptions, withTimeout } from "../with-timeout.ts";

/** The logger in use now: that of the injected provider, or of the one that is registered globally at the moment. */
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

  /** Whether the logger wants a record of this kind. @throws whatever the logger throws. */
  wants(question: Parameters<Logger["enabled"]>[0]): boolean {
    const logger: Partial<Pick<Logger, "enabled">> | undefined = this.#current();
    if (logger === undefined) return false;
    // Loggers of older SDKs cannot be asked, and take everything.
    return logger.enabled?.(question) ?? true;
  }

  /**
   * @param receipt is settled when it is known what became of the record: at once, if the provider is not one that settles
   * receipts.
   * @returns false if the logger did not want the record after all; then the receipt is not settled.
   * @throws whatever the logger throws; then the receipt is not settled either.
   */
  emit(record: LogRecord, receipt?: DeliveryReceipt): boolean {
    const logger = this.#current();
    if (logger === undefined) return false;
    if (receipt !== undefined && this.exporter !== undefined) {
      return emitWith(receipt, record, logger);
    }
    handOn(record, logger);
    receipt?.owner.settle("arrived", 1, receipt.denials);
    return true;
  }

  /** Why a denial would have no record; undefined if it would have one. */
  get deaf(): string | undefined {
    try {
      this.#current();
      if (this.exporter?.state.off === true) return undefined;
      const { name: eventName } = EVENTS.denial;
      if (this.wants({ eventName, severityNumber: SEVERITY.warn })) return undefined;
      return "no logger wants denials: no provider, or its configuration says no";
    } catch {
      return "the logger throws";
    }
  }

  /** Whether there is no logger because the service's environment says so. */
  get switchedOff(): boolean {
    const says = process.env["OTEL_SDK_DISABLED"]?.trim().toLowerCase();
    return says === "true" && this.#injected === undefined && this.deaf !== undefined;
  }

  /** What exports for the provider, and settles the receipts of its records. */
  get exporter(): ProviderExporter | undefined {
    return exporterOf(this.#provider);
  }

  /** What the provider's exporter reports; nothing if it is not one of `startTelemetry`'s. */
  get trouble(): Pick<ExporterState, "failing" | "spoolFailing" | "lastLoss"> {
    const state: Partial<ExporterState> = this.exporter?.state ?? {};
    const { failing, spoolFailing, lastLoss } = state;
    return { failing, spoolFailing, lastLoss };
  }

  /** How many records can be emitted now without one being lost for want of room. */
  get free(): number {
    return exporterOf(this.#wanted)?.free ?? Number.POSITIVE_INFINITY;
  }

  /** Writes records to disk at once; undefined without `durability: "sync"`. */
  get disk(): SyncDisk | undefined {
    return hasSyncDisk() ? exporterOf(this.#wanted)?.disk : undefined;
  }

  /** Whether {@link forceFlush} would do anything. */
  get canFlush(): boolean {
    return canFlush(this.#provider);
  }

  /**
   * Has everything emitted so far exported. Calls wait for one another: the SDK's processor answers a second call at once,
   * before the first has exported, and a shutdown then loses what is queued. Never rejects; waits at most as long as asked,
   * including for the calls before it.
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
   * Waits until the provider's exporter has room for more records. Never rejects; waits at most as long as asked.
   *
   * @returns false if there is no room yet.
   */
  async pace(wait: WaitOptions): Promise<boolean> {
    const { exporter } = this;
    const provider = this.#provider;
    if (exporter === undefined) {
      await this.forceFlush(wait);
      return true;
    }
    if (exporter.room === undefined) return true;
    const hasRoom = await withTimeout(exporter.room(), wait.timeout, {
      keepAlive: wait.keepAlive,
    });
    // Another provider has been set meanwhile: the next records go there, where there is room.
    return hasRoom || this.#wanted !== provider;
  }

  get #wanted(): LoggerProvider | undefined {
    return this.#injected ?? globalLoggerProvider();
  }

  /** Undefined if there is no provider at all. */
  #current(): Logger | undefined {
    const provider = this.#wanted;
    if (provider === undefined) return undefined;
    if (provider !== this.#provider || this.#logger === undefined) {
      this.#logger = provider.getLogger(SCOPE.name, SCOPE.version);
      this.#provider = provider;
      // The new provider's flushes do not wait for the old one's.
      this.#flushing = Promise.resolve();
    }
    return this.#logger;
  }
}

/** @returns whether a processor has taken the receipt, and with it the record. */
function emitWith(receipt: DeliveryReceipt, record: LogRecord, logger: Logger): boolean {
  try {
    handOn({ ...record, context: receipt.in(record.context) }, logger);
  } catch (error) {
    // A processor that has the record settles its receipt, even if something throws after it.
    if (!receipt.taken) throw error;
  }
  return receipt.taken;
}

/**
 * A logger answers nothing. One of a service's own may be async all the same, and what it rejects with comes too late for the ledger;
 * unhandled it would end the process.
 */
function handOn(record: LogRecord, logger: Logger): void {
  const answer: unknown = logger.emit(record);
  if (isThenable(answer)) Promise.resolve(answer).catch(warnOnce);
}

let hasWarned = false;

function warnOnce(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  const why = error instanceof Error ? cleanText(error.message, 300) : inWords(error);
  process.emitWarning(
    `a logger's emit gave a promise that rejected (${why}): such records count as emitted, so make it synchronous, or catch in it`,
    "TelemetryWarning",
  );
}
