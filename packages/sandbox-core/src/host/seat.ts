import type { Policy } from "@pyisolate/policy";

import type { KernelPlan } from "../kernel/plan.ts";
import type { Plans } from "./cell-kernel.ts";
import type { PlannedPolicy } from "./planned-policy.ts";
import type { Regime } from "./regime.ts";

/** What decides for one cell: the policy of its regime for the cell's name, whichever is in force now. */
export class Seat implements Plans {
  readonly name: string;
  #regime: Regime;
  #last: PlannedPolicy | undefined;

  /** @throws TypeError for a name that cannot stand in the policy's paths. */
  constructor(name: string, regime: Regime) {
    regime.join(name);
    this.name = name;
    this.#regime = regime;
  }

  get planned(): PlannedPolicy {
    return this.#last ?? this.#regime.of(this.name);
  }

  get policy(): Policy {
    return this.planned.policy;
  }

  /**
   * Puts the cell under another regime.
   *
   * @throws TypeError as the constructor does; the cell then stays where it is.
   */
  move(regime: Regime): void {
    regime.join(this.name);
    this.#regime.leave(this.name);
    this.#regime = regime;
  }

  /** The cell has ended. Its last policy stays the one that its records name. */
  leave(): void {
    this.#last ??= this.planned;
    this.#regime.leave(this.name);
  }

  current(): KernelPlan | undefined {
    return this.planned.current();
  }

  renewed(): KernelPlan | undefined {
    return this.planned.renewed();
  }

  replaced(): void {
    this.planned.replaced();
  }
}
