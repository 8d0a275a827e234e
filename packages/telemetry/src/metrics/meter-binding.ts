import { createNoopMeter, metrics } from "@opentelemetry/api";
import type { MeterProvider } from "@opentelemetry/api";

import {
  exporterOf,
  linkReading,
  readingOf,
  type ProviderExporter,
  type Reading,
} from "../provider-link.ts";
import { SCOPE } from "../instrumentation-scope.ts";
import { forceFlushOf, type WaitOptions, withTimeout } from "../with-timeout.ts";
import { Instruments } from "./instruments.ts";
import type { Series, CounterBuffer } from "./counter-buffer.ts";

/** How often a recorder that has no meter yet looks for one, milliseconds. */
const LOOK_INTERVAL = 1000;

/**
 * The meter in use now, and its instruments. The metrics API has no proxy: an instrument that was created before a provider
 * is registered never records anything. So instruments are created when there is a real provider and again when it changes,
 * and until then counts wait in the buffer.
 */
export class MeterBinding {
  readonly #counters: CounterBuffer;
  /** Series that begin at zero: otherwise `rate()` and `increase()` would miss the first count. */
  readonly #known: readonly Series[];
  readonly #reading: () => Reading;
  #forget: () => void = () => {};
  #injected: MeterProvider | undefined;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;
  #looking: NodeJS.Timeout | undefined;
  #released = false;

  constructor(
    counters: CounterBuffer,
    known: readonly Series[],
    reading: () => Reading,
    provider: MeterProvider | undefined,
  ) {
    this.#counters = counters;
    this.#known = known;
    this.#reading = reading;
    this.#injected = provider;
    this.flush();
    if (this.#instruments === undefined) {
      this.#looking = setInterval(() => {
        this.flush();
        if (this.#instruments !== undefined) clearInterval(this.#looking);
      }, LOOK_INTERVAL).unref();
    }
  }

  /** What exports for the provider, and knows whether the counts are delivered. */
  get exporter(): ProviderExporter | undefined {
    return exporterOf(this.#provider);
  }

  /** Adds what has been counted to the meter's counters. Without a meter, or if it throws, counts wait. Never throws. */
  flush(): void {
    try {
      this.#refresh();
      const instruments = this.#instruments;
      if (instruments === undefined) return;
      this.#counters.flush((series, amount) => {
        instruments.add(series, amount);
      });
    } catch {
      // The provider throws instead of giving a meter: counts wait, and the next flush tries again.
    }
  }

  /** Flushes what is pending to the old provider, then counts with the new one. */
  set(provider: MeterProvider): void {
    if (this.#released) return;
    if (!this.#isDown()) this.flush();
    this.#injected = provider;
    this.flush();
  }

  /** Flushes the provider too, if it can be. Never rejects. */
  async forceFlush({ timeout, keepAlive }: WaitOptions): Promise<void> {
    this.flush();
    await withTimeout(forceFlushOf(this.#provider), timeout, { keepAlive });
  }

  /**
   * Flushes for the last time. Gauges are unregistered after one more collection: the Collector keeps exporting the last value
   * it saw, so that value must be the final one. A later {@link flush} still reaches the same meter.
   */
  release(): void {
    this.flush();
    clearInterval(this.#looking);
    this.#released = true;
  }

  #refresh(): void {
    if (this.#released) return;
    const provider = this.#injected ?? metrics.getMeterProvider();
    if (provider === this.#provider && this.#instruments !== undefined) return;
    // The last provider's gauges stop showing this recorder with the next collection.
    this.#forget();
    this.#instruments = undefined;
    this.#provider = provider;
    const meter = provider.getMeter(SCOPE.name, SCOPE.version);
    if (meter === createNoopMeter()) return;
    // A collection calls this first, so that it reads exact counts even if no drain has run.
    const instruments = new Instruments(meter, () => {
      this.flush();
      const reading = readingOf(provider);
      if (this.#released || this.#instruments !== instruments) {
        // Later: the SDK is iterating over its callbacks now.
        queueMicrotask(() => {
          this.#endGauges(instruments);
        });
      }
      return reading;
    });
    for (const series of this.#known) instruments.add(series, 0);
    this.#instruments = instruments;
    this.#forget = linkReading(provider, this.#reading);
  }

  #endGauges(instruments: Instruments): void {
    if (this.#instruments === instruments) this.#forget();
    try {
      instruments.release();
    } catch {
      // A callback that stays registered does no harm: it flushes to the meter in use then.
    }
  }

  // An SDK that has been shut down never exports what is added to it: such counts are kept for the next one.
  #isDown(): boolean {
    try {
      return this.#provider?.getMeter(SCOPE.name, SCOPE.version) === createNoopMeter();
    } catch {
      return true;
    }
  }
}
