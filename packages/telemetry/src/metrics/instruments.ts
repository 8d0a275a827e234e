import {
  ValueType,
  type BatchObservableCallback,
  type Counter,
  type Meter,
  type Observable,
} from "@opentelemetry/api";

import type { Reading } from "../provider-link.ts";
import { ATTRIBUTES as A, METRICS, STATES, type CounterKey, type GaugeKey } from "../semconv.ts";
import type { Series } from "./counter-buffer.ts";

/**
 * The recorder's instruments of one meter. Its counters are synchronous and get sums: an observable counter loses counts
 * under a View that removes attributes, and at the cardinality limit (measured on sdk-metrics 3.1.0).
 */
export class Instruments {
  readonly #meter: Meter;
  readonly #counters: Record<CounterKey, Counter>;
  readonly #gauges: Observable[];
  readonly #onCollect: BatchObservableCallback;

  /** @param read is called at the start of every collection, before the counters are read; must not throw. */
  constructor(meter: Meter, read: () => Reading) {
    const counter = (key: CounterKey): Counter => meter.createCounter(...asOptions(key));
    this.#meter = meter;
    this.#counters = {
      denials: counter("denials"),
      denialEvents: counter("denialEvents"),
      decisions: counter("decisions"),
      records: counter("records"),
      policyLoads: counter("policyLoads"),
      folded: counter("folded"),
      redactions: counter("redactions"),
    };
    const queueSize = meter.createObservableGauge(...asOptions("queueSize"));
    const present = meter.createObservableGauge(...asOptions("state"));
    this.#gauges = [queueSize, present];
    this.#onCollect = (result) => {
      const { pending, state } = read();
      result.observe(queueSize, pending);
      for (const one of STATES) {
        result.observe(present, one === state ? 1 : 0, { [A.telemetryState.name]: one });
      }
    };
    meter.addBatchObservableCallback(this.#onCollect, this.#gauges);
  }

  add(series: Series, amount: number): void {
    this.#counters[series.counter].add(amount, series.attributes);
  }

  /** Unregisters the gauges. The counters keep what was added to them. */
  release(): void {
    this.#meter.removeBatchObservableCallback(this.#onCollect, this.#gauges);
  }
}

/** The arguments with which a meter creates this instrument. */
export function asOptions(key: CounterKey | GaugeKey) {
  const { name, unit, description } = METRICS[key];
  return [name, { unit, description, valueType: ValueType.INT }] as const;
}
