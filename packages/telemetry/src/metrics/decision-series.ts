import { isCapabilityName } from "@pyisolate/policy/events";

import { knownCapabilities } from "./capabilities.ts";
import { ATTRIBUTES as A, OTHER, type DECISIONS } from "../semconv.ts";
import { newSeries, type Series, type CounterBuffer } from "./counter-buffer.ts";

/**
 * The series of `pyisolate.decisions`, for the deny ratio. All are known beforehand and begin at zero: otherwise `rate()` would
 * miss the first denial. Those of `_other` begin with the first capability that is not known.
 */
export class DecisionSeries {
  readonly #allowed: ReadonlyMap<string, Series>;
  readonly #denied: ReadonlyMap<string, Series>;
  readonly #allowedOther = decisionSeries(OTHER, "allow");
  readonly #deniedOther = decisionSeries(OTHER, "deny");
  #lastDenied: string | undefined;
  #lastSeries: Series = this.#deniedOther;

  constructor(capabilities: ReadonlySet<string> = knownCapabilities()) {
    this.#allowed = seriesByCapability(capabilities, "allow");
    this.#denied = seriesByCapability(capabilities, "deny");
  }

  /** Every series that can be counted. There is none for a limit that was granted: a limit is only ever reached. */
  get allSeries(): readonly Series[] {
    const granted = [...this.#allowed].filter(([capability]) => capability !== "limit");
    return [...granted.map(([, series]) => series), ...this.#denied.values()];
  }

  /**
   * Counts a granted request. A value that cannot be a capability's name is not counted.
   *
   * @returns whether it was counted as `_other`.
   */
  allow(capability: string, counters: CounterBuffer): boolean {
    const series = this.#allowed.get(capability);
    const isOther = series === undefined && isCapabilityName(capability);
    if (series !== undefined || isOther) counters.count(series ?? this.#allowedOther);
    return isOther;
  }

  deny(capability: string, counters: CounterBuffer): void {
    // A flood is mostly of one capability: remembering the last one saves the look-up.
    if (capability !== this.#lastDenied) {
      this.#lastSeries = this.#denied.get(capability) ?? this.#deniedOther;
      this.#lastDenied = capability;
    }
    counters.count(this.#lastSeries);
  }
}

function seriesByCapability(
  capabilities: ReadonlySet<string>,
  decision: (typeof DECISIONS)[number],
): ReadonlyMap<string, Series> {
  return new Map(
    [...capabilities].map((capability) => [capability, decisionSeries(capability, decision)]),
  );
}

function decisionSeries(capability: string, decision: (typeof DECISIONS)[number]): Series {
  return newSeries("decisions", {
    [A.capability.name]: capability,
    [A.decision.name]: decision,
  });
}
