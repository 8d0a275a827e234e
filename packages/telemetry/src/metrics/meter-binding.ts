import { createNoopMeter, metrics } from "@opentelemetry/api";
import type { MeterProvider } from "@opentelemetry/api";

import {
  exporterOf,
  linkReading,
  readingOf,
  type ProviderExporter,
  type Reading,
} from "../provider-link.ts";
import { forceFlushOf, type WaitOptions, withTimeout } from "../with-timeout.ts";
import { Instruments } from "./instruments.ts";
import { SCOPE } from "../scope.ts";
import type { Series, CounterBuffer } from "./series.ts";

/** How often a recorder that has no meter yet looks for one, milliseconds. */
const LOOK_INTERVAL = 1000;

/**
 * Where counts go. The metrics API has no proxy: an instrument made before a provider is registered stays without effect
 * for ever. So instruments are made when a real provider is there, again when it changes, and until then counts wait.
 */
export class MeterBinding {
  readonly #counters: CounterBuffer;
  /** Rows that begin at zero, so that `rate()` and `increase()` see the first count. */
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

  /** Who knows whether the counts get out. */
  get exporter(): ProviderExporter | undefined {
    return exporterOf(this.#provider);
  }

  /** Hands what has been counted to the meter; without one, or when it throws, counts wait. Never throws. */
  flush(): void {
    try {
      this.#refresh();
      const instruments = this.#instruments;
      if (instruments === undefined) return;
      this.#counters.flush((series, amount) => {
        instruments.add(series, amount);
      });
    } catch {
      // A meter that cannot be made: the counts are kept, the next flush tries again.
    }
  }

  /** Flushes what is pending to the old provider and goes on with the new one. */
  set(provider: MeterProvider): void {
    if (this.#released) return;
    if (!this.#isDown()) this.flush();
    this.#injected = provider;
    this.flush();
  }

  /** Flushes the provider too, where it can. Never rejects. */
  async forceFlush({ timeout, keepAlive }: WaitOptions): Promise<void> {
    this.flush();
    await withTimeout(forceFlushOf(this.#provider), timeout, { keepAlive });
  }

  /**
   * Flushes once more; the gauges end with the next collection, since whoever remembers what they showed last has to
   * remember the end. A later {@link flush} still reaches the same meter.
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
    // What the last one still shows of us ends with its next collection.
    this.#forget();
    this.#instruments = undefined;
    this.#provider = provider;
    const meter = provider.getMeter(SCOPE.name, SCOPE.version);
    if (meter === createNoopMeter()) return;
    // A collection asks this first, so that what it reads is exact, whether or not a drain has run.
    const instruments = new Instruments(meter, () => {
      this.flush();
      const reading = readingOf(provider);
      if (this.#released || this.#instruments !== instruments) {
        // Not in the middle of a collection.
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
      // Nothing of ours depends on a callback that could not be removed: it flushes to whoever is current.
    }
  }

  // What an SDK that has been shut down is given is never exported: better kept for the next one.
  #isDown(): boolean {
    try {
      return this.#provider?.getMeter(SCOPE.name, SCOPE.version) === createNoopMeter();
    } catch {
      return true;
    }
  }
}
