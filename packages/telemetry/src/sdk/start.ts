import { logs, metrics } from "@opentelemetry/api";
import type { LoggerProvider } from "@opentelemetry/sdk-logs";
import type { MeterProvider } from "@opentelemetry/sdk-metrics";

import { drainRecorders } from "../live.ts";
import { within } from "../within.ts";
import { checkOptions, type TelemetryOptions } from "./options.ts";
import { makeLoggerProvider, makeMeterProvider } from "./providers.ts";
import { telemetryResource } from "./resource.ts";
import { ScrapeServer } from "./scrape-server.ts";
import { resolveSettings, type Settings } from "./settings.ts";
import { shutdownOnSignal } from "./signals.ts";
import { TelemetryStartError } from "./telemetry-error.ts";

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
  /** Resolves when `/metrics` can be scraped. Rejects with a {@link TelemetryStartError} where it cannot. */
  ready(): Promise<void>;
  /** Exports everything recorded so far. Rejects as {@link ready} does. */
  flush(): Promise<void>;
  /** Exports everything recorded so far and ends, waiting no longer than `shutdownTimeoutMillis`. Never rejects. */
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
export function startTelemetry(options: TelemetryOptions = {}): Telemetry {
  checkOptions(options);
  const settings = resolveSettings(options, process.env, (message) => {
    process.emitWarning(message, "TelemetryWarning");
  });
  return new RunningTelemetry(options, settings);
}

class RunningTelemetry implements Telemetry {
  readonly meterProvider: MeterProvider;
  readonly loggerProvider: LoggerProvider;
  readonly #scrape: ScrapeServer | undefined;
  readonly #timeout: number;
  readonly #stopListening: () => void;
  #ended: Promise<void> | undefined;

  constructor(options: TelemetryOptions, settings: Settings) {
    const global = options.global !== false && !settings.disabled;
    const resource = telemetryResource(options);
    if (settings.metrics === "prometheus" && !settings.disabled) {
      this.#scrape = new ScrapeServer(settings.host, settings.port, (error) => {
        process.emitWarning(error);
      });
    }
    this.meterProvider = makeMeterProvider(settings, resource, this.#scrape?.reader);
    this.loggerProvider = makeLoggerProvider(settings, resource, this.meterProvider);
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

  async ready(): Promise<void> {
    await this.#scrape?.ready();
  }

  async flush(): Promise<void> {
    await drainRecorders();
    await Promise.all([this.loggerProvider.forceFlush(), this.meterProvider.forceFlush()]);
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
    try {
      const inTime = await within(this.#close(), this.#timeout, { keepAlive: true });
      if (!inTime)
        this.#warn(`telemetry was not flushed within ${this.#timeout} ms: is the Collector up?`);
    } catch (error) {
      this.#warn(
        `telemetry was not flushed: ${error instanceof Error ? error.message : "unknown"}`,
      );
    } finally {
      // Ours only: whoever has registered others since keeps them.
      if (metrics.getMeterProvider() === this.meterProvider) metrics.disable();
      if (logs.getLoggerProvider() === this.loggerProvider) logs.disable();
      this.#stopListening();
    }
  }

  async #close(): Promise<void> {
    await drainRecorders();
    // Records first: their loss would have to be in the last counts.
    await this.loggerProvider.shutdown();
    await this.meterProvider.shutdown();
    await this.#scrape?.close();
  }

  #warn(message: string): void {
    process.emitWarning(message, "TelemetryWarning");
  }
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
