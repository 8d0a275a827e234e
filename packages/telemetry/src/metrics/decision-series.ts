import { CAPABILITIES, type Capability } from "@pyisolate/policy";

import { ATTRIBUTES as A, type DECISIONS } from "../semconv.ts";
import { newSeries, type Series, type CounterBuffer } from "./series.ts";

/**
 * The series of `pyisolate.decisions`, for the deny ratio. All are known beforehand and begin at zero: otherwise `rate()` would
 * miss the first denial.
 */
export class DecisionSeries {
  readonly #allowed = seriesByCapability("allow");
  readonly #denied = seriesByCapability("deny");
  #lastDenied: Capability | undefined;
  #lastSeries: Series | undefined;

  /** Every series that can be counted. There is none for a limit that was granted: a limit is only ever reached. */
  get allSeries(): readonly Series[] {
    const granted = [...this.#allowed].filter(([capability]) => capability !== "limit");
    return [...granted.map(([, series]) => series), ...this.#denied.values()];
  }

  allow(capability: Capability, counters: CounterBuffer): void {
    const series = this.#allowed.get(capability);
    if (series !== undefined) counters.count(series);
  }

  deny(capability: Capability, counters: CounterBuffer): void {
    // A flood is mostly of one capability: remembering the last one saves the look-up.
    if (capability !== this.#lastDenied) {
      this.#lastSeries = this.#denied.get(capability);
      this.#lastDenied = capability;
    }
    if (this.#lastSeries !== undefined) counters.count(this.#lastSeries);
  }
}

function seriesByCapability(decision: (typeof DECISIONS)[number]): ReadonlyMap<Capability, Series> {
  return new Map(
    CAPABILITIES.map((capability) => [capability, decisionSeries(capability, decision)]),
  );
}

function decisionSeries(capability: Capability, decision: (typeof DECISIONS)[number]): Series {
  return newSeries("decisions", {
    [A.capability.name]: capability,
    [A.decision.name]: decision,
  });
}
