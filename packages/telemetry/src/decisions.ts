import { CAPABILITIES, type Capability } from "@pyisolate/policy";

import { indexOfCapability } from "./rows.ts";
import { ATTRIBUTES as A } from "./semconv.ts";
import { newRow, type Row, type Tally } from "./tally.ts";

/** The rows of `pyisolate.decisions`, the deny ratio: all known beforehand, so that the first denial is seen as a rise. */
export class Decisions {
  readonly #allowed = CAPABILITIES.map((capability) => decisionRow(capability, "allow"));
  readonly #denied = CAPABILITIES.map((capability) => decisionRow(capability, "deny"));

  /** Every row that can ever be counted: a limit is only ever reached, never granted. */
  get rows(): readonly Row[] {
    const limit = CAPABILITIES.indexOf("limit");
    return [...this.#allowed.filter((_row, index) => index !== limit), ...this.#denied];
  }

  allow(capability: Capability, tally: Tally): void {
    const row = this.#allowed[indexOfCapability(capability) ?? -1];
    if (row !== undefined) tally.count(row);
  }

  deny(capability: Capability, tally: Tally): void {
    const row = this.#denied[indexOfCapability(capability) ?? -1];
    if (row !== undefined) tally.count(row);
  }
}

function decisionRow(capability: Capability, decision: "allow" | "deny"): Row {
  return newRow("decisions", {
    [A.capability.name]: capability,
    [A.decision.name]: decision,
  });
}
