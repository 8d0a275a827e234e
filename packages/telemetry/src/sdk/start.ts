import { logs, metrics } from "@opentelemetry/api";
import type { LoggerProvider } from "@opentelemetry/sdk-logs";
import type { MeterProvider } from "@opentelemetry/sdk-metrics";

import { flushInOrder } from "../emit/flush.ts";
import { linkedRecorders } from "../provider-link.ts";
import type { LossReason } from "../semconv.ts";
import { withTimeout } from "../with-timeout.ts";
import { healthAnswer } from "./prometheus/healthz.ts";
import { telemetryOptions, type TelemetryOptions } from "./options.ts";
import { makeLogging, makeMetering, type Logging, type Metering } from "./providers.ts";
import { telemetryResource } from "./resource.ts";
import { ScrapeServer } from "./prometheus/scrape-server.ts";
import { resolveSettings, type Settings } from "./settings.ts";
import { addSpoolGauges } from "./spool/gauges.ts";
import { shutdownOnSignal } from "./signals.ts";
import { TelemetryStartError } from "./errors.ts";

/** What became of log records, of denials and others: `emitted = exported + waiting + lost`. */
export interface Delivery {
  /** The far end has taken them. */
  readonly exported: number;
  /** Neither taken nor lost: in memory, or on disk. */
  readonly waiting: number;
  /** Of these, those in the spool: they are sent, whatever becomes of this process. */
  readonly onDisk: number;
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
}

/** Running telemetry: the providers, and the ends of both. */
export interface Telemetry extends AsyncDisposable {
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  /**
   * Where `/metrics` is served, with `metrics: "prometheus"`; else undefined.
   *
   * @throws TelemetryStartError `not_ready` with port 0, until {@link ready} has resolved.
   */
  readonly prometheusUrl: string | undefined;
  /** What became of the log records so far; all zero where none leaves. */
  delivery(): Delivery;
  /** Resolves when `/metrics` can be scraped. Rejects with a {@link TelemetryStartError} where it cannot. */
  ready(): Promise<void>;
  /**
   * Exports everything recorded so far, waiting no longer than `flushTimeoutMillis`: what is not out by then stays where it
   * is, and a process warning says so. Rejects as {@link ready} does.
   */
  flush(): Promise<void>;
  /**
   * Exports everything recorded so far and ends, waiting no longer than `shutdownTimeoutMillis`. Then no timer and no socket
   * of it keeps the process up. Never rejects.
   */
  shutdown(): Promise<void>;
}

/**
 * Starts OpenTelemetry: providers, resource, and OTLP/HTTP exporters or a `/metrics` page. Explicit options win over the
 * standard OTEL_* variables, these over defaults. It registers no context manager: a service that traces has one, and
 * without one there is no trace to carry.
 *
 * @throws TypeError where an option is unknown or not of its kind.
 * @throws TelemetryStartError `already_registered` where global providers are there already.
 * @example
 * await using otel = startTelemetry({ serviceName: "plugins" });
 */
export function startTelemetry(given: TelemetryOptions = {}): Telemetry {
  const options = telemetryOptions(given);
  const settings = resolveSettings(options, process.env, warn);
  return new RunningTelemetry(options, settings);
}

/** The records' part of the time that a shutdown has; their loss has to be in the last counts, which have the rest. */
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
  #ended: Promise<void> | undefined;

  constructor(options: TelemetryOptions, settings: Settings) {
    const global = options.global !== false && !settings.disabled;
    const resource = telemetryResource(options);
    if (settings.metrics === "prometheus" && !settings.disabled) {
      this.#scrape = new ScrapeServer(
        settings.host,
        settings.port,
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
    this.#stopListening =
      options.shutdownOnSignal === true
        ? shutdownOnSignal(async () => {
            await this.shutdown();
          })
        : () => {};
  }

  get prometheusUrl(): string | undefined {
    return this.#scrape?.url;
  }

  delivery(): Delivery {
    const { exported, lost } = this.#logging.status.state;
    const { waiting = 0, onDisk = 0 } = this.#logging.processor ?? {};
    return { exported, waiting, onDisk, lost };
  }

  async ready(): Promise<void> {
    await this.#scrape?.ready();
  }

  async flush(): Promise<void> {
    const flushed = Promise.all([this.#flushRecords(), this.meterProvider.forceFlush()]);
    const inTime = await withTimeout(flushed, this.#flushTimeout, { keepAlive: true });
    if (!inTime) warn(this.#notFlushed(this.#flushTimeout, "wait"));
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
    try {
      const patience = { keepAlive: true };
      const sent = await withTimeout(this.#flushRecords(), this.#timeout * RECORDS_SHARE, patience);
      if (!sent) warn(this.#notFlushed(this.#timeout, "are lost"));
      await this.loggerProvider.shutdown();
      // What the recorders still held has been settled by that; once more, for its loss to be in the last counts.
      const again = flushInOrder(linkedRecorders(), async () => {});
      await withTimeout(again, Math.max(deadline - performance.now(), 1), patience);
      await withTimeout(
        this.meterProvider.shutdown(),
        Math.max(deadline - performance.now(), 1),
        patience,
      );
    } catch (error) {
      warn(`telemetry was not flushed: ${error instanceof Error ? error.message : "unknown"}`);
    } finally {
      this.#metering.close();
      await this.#scrape?.close();
      // Ours only: whoever has registered others since keeps them.
      if (metrics.getMeterProvider() === this.meterProvider) metrics.disable();
      if (logs.getLoggerProvider() === this.loggerProvider) logs.disable();
      this.#stopListening();
    }
  }

  async #flushRecords(): Promise<void> {
    const delivered = async () => await this.#logging.processor?.delivered();
    await flushInOrder(linkedRecorders(), delivered);
    // A service may log without recorders.
    await delivered();
  }

  #notFlushed(millis: number, fate: string): string {
    const { failing } = this.#logging.status.state;
    const why = failing?.why ?? this.#metering.status.state.failing?.why;
    const because = why === undefined ? "" : ` (${why})`;
    const { waiting = 0, onDisk = 0 } = this.#logging.processor ?? {};
    const rest = [
      ...(onDisk > 0 ? [`${onDisk} log records wait in the spool`] : []),
      ...(waiting > onDisk ? [`${waiting - onDisk} log records ${fate}`] : []),
    ];
    const left = rest.length === 0 ? "some counts were not sent" : rest.join(", ");
    return `telemetry was not flushed within ${millis} ms: is the Collector up?${because} ${left}`;
  }
}

function warn(message: string): void {
  process.emitWarning(message, "TelemetryWarning");
}

/** @throws TelemetryStartError where somebody else's are registered; then nothing is. */
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
