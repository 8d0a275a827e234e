import {
  ValueType,
  type Counter,
  type Meter,
  type Observable,
  type ObservableCallback,
} from "@opentelemetry/api";

import { METRICS, type CounterKey } from "./semconv.ts";
import type { Row } from "./tally.ts";

/**
 * The instruments of one meter. The counters are synchronous ones that are fed sums: an observable counter loses counts
 * under a View that removes attributes and at the cardinality limit (measured on sdk-metrics 3.1.0).
 */
export class Instruments {
  readonly #counters: Record<CounterKey, Counter>;
  readonly #queueSize: Observable;
  readonly #onCollect: ObservableCallback;

  /** @param onCollect is called at the start of every collection, before the counters are read. */
  constructor(meter: Meter, onCollect: ObservableCallback) {
    const counter = (key: CounterKey): Counter =>
      meter.createCounter(METRICS[key].name, {
        unit: METRICS[key].unit,
        description: METRICS[key].description,
        valueType: ValueType.INT,
      });
    this.#counters = {
      denials: counter("denials"),
      denialEvents: counter("denialEvents"),
      decisions: counter("decisions"),
      records: counter("records"),
      lost: counter("lost"),
      folded: counter("folded"),
      redactions: counter("redactions"),
    };
    this.#queueSize = meter.createObservableGauge(METRICS.queueSize.name, {
      unit: METRICS.queueSize.unit,
      description: METRICS.queueSize.description,
      valueType: ValueType.INT,
    });
    this.#onCollect = onCollect;
    this.#queueSize.addCallback(onCollect);
  }

  add(row: Row, amount: number): void {
    this.#counters[row.counter].add(amount, row.attributes);
  }

  /** Ends the callback; the counters keep what they were given. */
  release(): void {
    this.#queueSize.removeCallback(this.#onCollect);
  }
}
