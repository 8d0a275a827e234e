import { CAPABILITIES, type Capability } from "@pyisolate/policy";

import { ATTRIBUTES as A, type DECISIONS } from "../semconv.ts";
import { newSeries, type Series, type CounterBuffer } from "./series.ts";

/** The rows of `pyisolate.decisions`, the deny ratio: all known beforehand, so that the first denial is seen as a rise. */
export class DecisionSeries {
  readonly #allowed = seriesByCapability("allow");
  readonly #denied = seriesByCapability("deny");
  #lastDenied: Capability | undefined;
  #lastSeries: Series | undefined;

  /** Every row that can ever be counted: a limit is only ever reached, never granted. */
  get allSeries(): readonly Series[] {
    const granted = [...this.#allowed].filter(([capability]) => capability !== "limit");
    return [...granted.map(([, series]) => series), ...this.#denied.values()];
  }

  allow(capability: Capability, counters: CounterBuffer): void {
    const series = this.#allowed.get(capability);
    if (series !== undefined) counters.count(series);
  }

  deny(capability: Capability, counters: CounterBuffer): void {
    // What is denied again and again is one thing, mostly.
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
