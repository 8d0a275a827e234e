import { logs, metrics } from "@opentelemetry/api";
import type { LoggerProvider } from "@opentelemetry/sdk-logs";
import type { MeterProvider } from "@opentelemetry/sdk-metrics";

import { flushInOrder } from "../emit/flush.ts";
import { linkedRecorders } from "../provider-link.ts";
import type { LossReason } from "../semconv.ts";
import { withTimeout } from "../with-timeout.ts";
import { HealthWarnings } from "./health-warnings.ts";
import { TelemetryStartError } from "./errors.ts";
import { mustHaveNode } from "./needed-node.ts";
import { telemetryOptions, type TelemetryOptions } from "./options.ts";
import { healthAnswer, overallHealth } from "./prometheus/healthz.ts";
import { watchProcessEnd } from "./process-end.ts";
import { HEALTH_PATH, METRICS_PATH, ScrapeServer } from "./prometheus/scrape-server.ts";
import { makeLogging, makeMetering, type Logging, type Metering } from "./providers.ts";
import { telemetryResource } from "./resource.ts";
import { denialsSoFar, emitAll, pendingDenials, saveAtExit } from "./save-at-exit.ts";
import { resolveSettings, type Settings } from "./settings.ts";
import { NO_ORPHANS, type OrphanCounts } from "./spool/orphans.ts";
import { addSpoolGauges } from "./spool/spool-gauges.ts";

/** What became of all log records, also those that are not denials: `emitted = exported + waiting + lost`. */
export interface Delivery {
  /** Records that the server has taken. */
  readonly exported: number;
  /** Records that are neither taken nor lost: they wait in memory or in the spool. */
  readonly waiting: number;
  /** Those waiting records that are in the spool: a later process sends them if this one ends. */
  readonly onDisk: number;
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
  /** What ended processes have left in the spool. It is not in `waiting`. */
  readonly orphans: OrphanCounts;
}

/** Running telemetry: the providers, and how to flush and end them. */
export interface Telemetry extends AsyncDisposable {
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  /**
   * The URL of `/metrics` with `metrics: "prometheus"`; else undefined.
   *
   * @throws TelemetryStartError `not_ready` with port 0, until {@link ready} has resolved.
   */
  readonly prometheusUrl: string | undefined;
  /**
   * The URL of `/healthz` with `metrics: "prometheus"` or `healthz: true`; else undefined.
   *
   * @throws TelemetryStartError `not_ready` with port 0, until {@link ready} has resolved.
   */
  readonly healthUrl: string | undefined;
  /** What became of the log records so far; all zero if none are exported. */
  delivery(): Delivery;
  /** Resolves when `/metrics` or `/healthz` can be asked. Rejects with a {@link TelemetryStartError} if it cannot be. */
  ready(): Promise<void>;
  /**
   * Exports everything recorded so far, waiting no longer than `flushTimeoutMillis`. What is not exported by then goes on
   * waiting, and a process warning says so. Rejects as {@link ready} does.
   */
  flush(): Promise<void>;
  /**
   * Exports everything recorded so far and ends, waiting no longer than `shutdownTimeoutMillis`. After it no timer and no
   * socket of telemetry keeps the process up. Never rejects.
   */
  shutdown(): Promise<void>;
}

/**
 * Starts OpenTelemetry: providers, resource, and OTLP/HTTP exporters or a `/metrics` page. Explicit options win over the
 * standard OTEL_* variables, and these over defaults. It does not register a context manager: a service that traces has one,
 * and in a service that does not there is no trace to carry.
 *
 * @throws TypeError if an option is unknown or has a wrong value.
 * @throws TelemetryStartError `already_registered` if global providers are registered already; `node_too_old` before Node.js 22.15.
 * @example
 * await using otel = startTelemetry({ serviceName: "plugins" });
 */
export function startTelemetry(given: TelemetryOptions = {}): Telemetry {
  mustHaveNode();
  const options = telemetryOptions(given);
  const settings = resolveSettings(options, process.env, warn);
  return new RunningTelemetry(options, settings);
}

/** The records' part of a shutdown's time. The last counts have the rest, because they must include the records that were lost. */
const RECORDS_SHARE = 0.8;

class RunningTelemetry implements Telemetry {
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  readonly #metering: Metering;
  readonly #logging: Logging;
  readonly #flushTimeout: number;
  readonly #scrape: ScrapeServer | undefined;
  readonly #timeout: number;
  readonly #stopListening: () => void;
  readonly #warnings: HealthWarnings | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: TelemetryOptions, settings: Settings) {
    const global = options.global !== false && !settings.disabled;
    const resource = telemetryResource(options, settings.disabled ? () => {} : warn);
    const hasMetrics = settings.metrics === "prometheus";
    if ((hasMetrics || options.healthz === true) && !settings.disabled) {
      this.#scrape = new ScrapeServer(
        { host: settings.host, port: settings.port, hasMetrics },
        (error) => {
          process.emitWarning(error);
        },
        () => healthAnswer(this.#logging.status),
      );
    }
    this.#metering = makeMetering(settings, resource, this.#scrape?.reader);
    this.#logging = makeLogging(settings, resource, warn);
    this.meterProvider = this.#metering.provider;
    this.loggerProvider = this.#logging.provider;
    if (this.#logging.spool !== undefined) addSpoolGauges(this.#logging.spool, this.meterProvider);
    this.#flushTimeout = settings.flushTimeout;
    this.#timeout = settings.shutdownTimeout;
    if (global) registerGlobally(this.meterProvider, this.loggerProvider);
    this.#scrape?.start();
    if (!settings.disabled) {
      this.#warnings = new HealthWarnings(() => overallHealth(this.#logging.status), warn);
    }
    this.#stopListening = this.#watchEnd(settings, options.shutdownOnSignal);
  }

  get prometheusUrl(): string | undefined {
    return this.#scrape?.reader === undefined ? undefined : this.#scrape.urlOf(METRICS_PATH);
  }

  get healthUrl(): string | undefined {
    return this.#scrape?.urlOf(HEALTH_PATH);
  }

  delivery(): Delivery {
    const { exported, lost } = this.#logging.status.state;
    const { waiting = 0, onDisk = 0, orphans = NO_ORPHANS } = this.#logging.processor ?? {};
    return { exported, waiting, onDisk, lost, orphans };
  }

  async ready(): Promise<void> {
    await this.#scrape?.ready();
  }

  async flush(): Promise<void> {
    const flushed = Promise.all([this.#flushRecords(), this.meterProvider.forceFlush()]);
    const inTime = await withTimeout(flushed, this.#flushTimeout, { keepAlive: true });
    if (!inTime) warn(this.#notFlushed(this.#flushTimeout));
    await this.ready();
  }

  async shutdown(): Promise<void> {
    this.#ended ??= this.#end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #end(): Promise<void> {
    const deadline = performance.now() + this.#timeout;
    this.#warnings?.close();
    try {
      const wait = { keepAlive: true };
      const sent = await withTimeout(this.#flushRecords(), this.#timeout * RECORDS_SHARE, wait);
      // Asked before it ends, told after it: only then is it known what went to disk and what is lost.
      const failure = this.#failure;
      // What recorders still hold goes to disk with the rest, or it would be lost for want of time.
      if (!sent && this.#logging.spool !== undefined) emitAll();
      await this.loggerProvider.shutdown();
      if (!sent) warn(this.#notFlushed(this.#timeout, failure));
      // That has settled what the processor still held. Flushed once more, so that the last counts include its loss.
      const again = flushInOrder(linkedRecorders(), async () => {});
      await withTimeout(again, Math.max(deadline - performance.now(), 1), wait);
      await withTimeout(
        this.meterProvider.shutdown(),
        Math.max(deadline - performance.now(), 1),
        wait,
      );
    } catch (error) {
      warn(`telemetry was not flushed: ${error instanceof Error ? error.message : "unknown"}`);
    } finally {
      this.#metering.close();
      await this.#scrape?.close();
      // Only these: the service may have registered other providers since.
      if (metrics.getMeterProvider() === this.meterProvider) metrics.disable();
      if (logs.getLoggerProvider() === this.loggerProvider) logs.disable();
      this.#stopListening();
    }
  }

  /** @returns stops watching. */
  #watchEnd(settings: Settings, shutdownOnSignal: boolean | undefined): () => void {
    const sends = settings.metrics === "otlp" || settings.logs === "otlp";
    if (settings.disabled || (!sends && shutdownOnSignal !== true)) return () => {};
    return watchProcessEnd(
      {
        flush: async () => {
          await this.#lastFlush().catch(() => {});
        },
        shutdown: async () => await this.shutdown(),
        progress: () => JSON.stringify([this.delivery(), pendingDenials()]),
        denied: denialsSoFar,
        timeout: this.#timeout,
        leave: () => saveAtExit(this.#logging),
      },
      shutdownOnSignal ?? "unless handled",
    );
  }

  // Counts after records, and not to a server that does not answer. An export that is still under way when time is up would keep
  // the process up, by the SDK's timers.
  async #lastFlush(): Promise<void> {
    const wait = { keepAlive: true };
    const flushed = await withTimeout(this.#flushRecords(), this.#timeout * RECORDS_SHARE, wait);
    if (!flushed || this.#logging.status.state.failing !== undefined) {
      warn(this.#notFlushed(this.#timeout, "wait"));
    } else {
      const sent = await withTimeout(this.meterProvider.forceFlush(), this.#timeout, wait);
      if (!sent) this.#metering.giveUp();
    }
  }

  async #flushRecords(): Promise<void> {
    const delivered = async () => await this.#logging.processor?.delivered();
    await flushInOrder(linkedRecorders(), delivered);
    // Once more, for the records of a service that logs without a recorder.
    await delivered();
  }

  /** Why something is not exported, if that is known. */
  get #failure(): string | undefined {
    const { failing } = this.#logging.status.state;
    return failing?.why ?? this.#metering.status.state.failing?.why;
  }

  #notFlushed(millis: number, why = this.#failure): string {
    const because = why === undefined ? "" : ` (${why})`;
    const { waiting, onDisk, lost, orphans } = this.delivery();
    const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
    const rest = [
      ...(onDisk > 0 ? [`${onDisk} log records wait in the spool`] : []),
      ...(waiting > onDisk ? [`${waiting - onDisk} log records wait`] : []),
      ...(losses > 0 ? [`${losses} log records are lost`] : []),
      ...(orphans.files > 0 ? [`${orphans.files} files of ended processes wait in the spool`] : []),
    ];
    const left = rest.length === 0 ? "some counts were not sent" : rest.join(", ");
    return `telemetry was not flushed within ${millis} ms: is the Collector up?${because} ${left}`;
  }
}

function warn(message: string): void {
  process.emitWarning(message, "TelemetryWarning");
}

/** @throws TelemetryStartError if others are registered already; then neither of these is. */
function registerGlobally(meterProvider: MeterProvider, loggerProvider: LoggerProvider): void {
  if (metrics.setGlobalMeterProvider(meterProvider)) {
    if (logs.setGlobalLoggerProvider(loggerProvider)) return;
    metrics.disable();
  }
  throw new TelemetryStartError(
    "already_registered",
    "global OpenTelemetry providers are registered already: shut the other ones down first, " +
      "or pass `global: false` and hand the providers to createDenialRecorder",
  );
}
