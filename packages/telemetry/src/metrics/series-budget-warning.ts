import { MAX_POLICY_NAME_LENGTH } from "@pyisolate/policy/events";
import type { Policy } from "@pyisolate/policy";

import { cleanOnce } from "../clean-once.ts";
import { instrumentBudgets, seriesOf, type InstrumentBudget } from "./series-budget.ts";

/** A policy was loaded that needs more series than there is room for. It is emitted as a process warning and never thrown. */
export class SeriesBudgetWarning extends Error {
  override readonly name = "SeriesBudgetWarning";
  readonly policy: string;
  readonly budget: InstrumentBudget;

  constructor(policy: string, budget: InstrumentBudget) {
    super(
      `with the policy ${policy}, ${budget.instrument} needs ${budget.needed ?? 0} series and has room for ${budget.room}: ` +
        "rules past it become _other, sums stay exact; raise maxSeries to tell them apart",
    );
    this.policy = policy;
    this.budget = budget;
  }
}

/** The series that all policies loaded so far need together: the SDK never forgets a series, so a reload only adds some. */
export class PolicySeries {
  readonly #maxSeries: number;
  readonly #series = new Set<string>();

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  /** @returns a warning if the policy does not fit. */
  load(policy: Policy): SeriesBudgetWarning | undefined {
    for (const series of seriesOf(policy)) {
      // Bounded: past twice the budget more series would not change the answer.
      if (this.#series.size <= this.#maxSeries * 2) this.#series.add(series);
    }
    const tight = instrumentBudgets(this.#series.size, this.#maxSeries).find(
      ({ needed = 0, room }) => needed > room,
    );
    return tight === undefined
      ? undefined
      : new SeriesBudgetWarning(cleanOnce(policy.name, MAX_POLICY_NAME_LENGTH), tight);
  }
}
