import type { LoggerBinding } from "./emit/logger-binding.ts";
import { HealthMonitor, longerOf, type Failure, type Health } from "./health.ts";
import { droppedTotal, type LedgerCounts } from "./ledger/ledger.ts";

/** The health of one recorder, from its logger, its exporters and its ledger. */
export class RecorderHealth {
  readonly #monitor = new HealthMonitor();
  readonly #log: LoggerBinding;
  readonly #total: LedgerCounts;
  readonly #countsFailing: () => Failure | undefined;

  constructor(log: LoggerBinding, total: LedgerCounts, countsFailing: () => Failure | undefined) {
    this.#log = log;
    this.#total = total;
    this.#countsFailing = countsFailing;
  }

  /** @param ended Whether the recorder has been shut down. */
  read(ended: boolean): Health {
    if (ended) return this.#with("the recorder has been shut down");
    if (!this.#log.switchedOff) return this.#with(this.#log.deaf);
    // Switched off on purpose: not an alarm.
    const health = this.exporters();
    return { ...health, why: health.why ?? "switched off by OTEL_SDK_DISABLED" };
  }

  /** The health of the exporters alone. */
  exporters(): Health {
    return this.#with(undefined);
  }

  #with(deaf: string | undefined): Health {
    const { pending, dropped } = this.#total;
    return this.#monitor.read({
      deaf,
      ...this.#log.trouble,
      failing: longerOf(this.#log.trouble.failing, this.#countsFailing()),
      pending,
      lost: droppedTotal(dropped) - (dropped.disabled ?? 0) - (dropped.invalid ?? 0),
    });
  }
}
