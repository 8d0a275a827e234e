import type { Policy } from "@pyisolate/policy";

import type { KernelPlan } from "../kernel/plan.ts";
import type { CellPlans } from "./cell-kernel.ts";
import type { PlannedPolicy } from "./planned-policy.ts";
import type { PolicyInForce } from "./policy-in-force.ts";

/** The policy that decides for one cell by its name, whichever is in force now. */
export class CellPolicy implements CellPlans {
  readonly name: string;
  #inForce: PolicyInForce;
  #last: PlannedPolicy | undefined;
  #onReload: (() => Promise<void>) | undefined;

  /** @throws TypeError for a name that cannot stand in the policy's paths. */
  constructor(name: string, inForce: PolicyInForce) {
    inForce.join(name);
    this.name = name;
    this.#inForce = inForce;
  }

  get planned(): PlannedPolicy {
    return this.#last ?? this.#inForce.of(this.name);
  }

  get policy(): Policy {
    return this.planned.policy;
  }

  /**
   * Puts the cell under another policy.
   *
   * @throws TypeError as the constructor does; the cell then stays where it is.
   */
  move(inForce: PolicyInForce): void {
    inForce.join(this.name);
    this.#inForce.leave(this.name);
    this.#inForce = inForce;
  }

  /** The cell has ended. Its last policy stays the one that its records name. */
  leave(): void {
    this.#last ??= this.planned;
    this.#inForce.leave(this.name);
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

  onReload(act: () => Promise<void>): void {
    this.#onReload = act;
  }

  /** Another policy may decide for the cell now. Resolves when its kernel layer has taken it over as far as it can. */
  async reloaded(): Promise<void> {
    await this.#onReload?.();
  }
}

/** Has the kernel layers of live cells follow their policies. */
export async function allReloaded(policies: Iterable<CellPolicy>): Promise<void> {
  await Promise.all([...policies].map(async (policy) => await policy.reloaded()));
}
