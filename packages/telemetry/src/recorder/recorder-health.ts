import { cleanText } from "@pyisolate/policy/events";

import type { LoggerBinding } from "../emit/logger-binding.ts";
import { HealthMonitor, longerOf, type Failure, type Health } from "../health.ts";
import { droppedTotal, type LedgerCounts } from "../ledger/ledger.ts";

/** Most watched policy files whose failures are kept. No service has so many. */
const MAX_FILES = 100;

/** Longest path of such a file as health shows it, in UTF-16 code units. */
const MAX_PATH = 512;

/** The health of one recorder, from its logger, its exporters and its ledger. */
export class RecorderHealth {
  readonly #monitor = new HealthMonitor();
  readonly #log: LoggerBinding;
  readonly #total: LedgerCounts;
  readonly #countsFailing: () => Failure | undefined;
  /** Policy files that are not in force, by path. */
  readonly #files = new Map<string, Failure>();

  constructor(log: LoggerBinding, total: LedgerCounts, countsFailing: () => Failure | undefined) {
    this.#log = log;
    this.#total = total;
    this.#countsFailing = countsFailing;
  }

  /** Never throws: what is not a path or not a failure is not kept. */
  policyFile(path: string, failing: Failure | undefined): void {
    if (typeof path !== "string") return;
    this.#files.delete(path);
    if (typeof failing?.why !== "string" || this.#files.size >= MAX_FILES) return;
    const { since, why } = failing;
    const file = cleanText(path, MAX_PATH);
    this.#files.set(path, Object.freeze({ since, why: `the policy file ${file}: ${why}` }));
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
    const health = this.#monitor.read({
      deaf,
      ...this.#log.trouble,
      failing: longerOf(this.#log.trouble.failing, this.#countsFailing()),
      pending,
      lost: droppedTotal(dropped) - (dropped.disabled ?? 0) - (dropped.invalid ?? 0),
    });
    return { ...health, policy: [...this.#files.values()].reduce(longerOf, undefined) };
  }
}
