import { CAPABILITIES, type Capability } from "@pyisolate/policy";

import { ATTRIBUTES as A, type DECISIONS } from "./semconv.ts";
import { newRow, type Row, type Tally } from "./tally.ts";

/** The rows of `pyisolate.decisions`, the deny ratio: all known beforehand, so that the first denial is seen as a rise. */
export class Decisions {
  readonly #allowed = rowsOf("allow");
  readonly #denied = rowsOf("deny");
  #lastDenied: Capability | undefined;
  #lastRow: Row | undefined;

  /** Every row that can ever be counted: a limit is only ever reached, never granted. */
  get rows(): readonly Row[] {
    const granted = [...this.#allowed].filter(([capability]) => capability !== "limit");
    return [...granted.map(([, row]) => row), ...this.#denied.values()];
  }

  allow(capability: Capability, tally: Tally): void {
    const row = this.#allowed.get(capability);
    if (row !== undefined) tally.count(row);
  }

  deny(capability: Capability, tally: Tally): void {
    // What is denied again and again is one thing, mostly.
    if (capability !== this.#lastDenied) {
      this.#lastRow = this.#denied.get(capability);
      this.#lastDenied = capability;
    }
    if (this.#lastRow !== undefined) tally.count(this.#lastRow);
  }
}

function rowsOf(decision: (typeof DECISIONS)[number]): ReadonlyMap<Capability, Row> {
  return new Map(CAPABILITIES.map((capability) => [capability, decisionRow(capability, decision)]));
}

function decisionRow(capability: Capability, decision: (typeof DECISIONS)[number]): Row {
  return newRow("decisions", {
    [A.capability.name]: capability,
    [A.decision.name]: decision,
  });
}
