import { MAX_POLICY_NAME_LENGTH, type Policy } from "@pyisolate/policy";

import { cleanOnce } from "../clean-once.ts";
import { instrumentBudgets, seriesOf, type InstrumentBudget } from "./series-budget.ts";

/** A policy has been loaded that needs more series than there is room for. The process emits it; nobody throws it. */
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

/** Adds up what the policies of the process' life need: the SDK forgets no series, so a reload only ever adds some. */
export class PolicySeries {
  readonly #maxSeries: number;
  readonly #series = new Set<string>();

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  /** @returns what to say, where the policy does not fit. */
  load(policy: Policy): SeriesBudgetWarning | undefined {
    for (const series of seriesOf(policy, true)) {
      // Past twice the budget the answer does not change, and this set is bounded too.
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
