import { isForEachCell, type Policy, policyFor } from "@pyisolate/policy";

import type { Confinement } from "../kernel/confinement.ts";
import { PlannedPolicy } from "./planned-policy.ts";

/** What a policy in force needs of its supervisor. */
export interface PolicyHooks {
  /** Undefined if cells are not confined. */
  readonly confinement: Confinement | undefined;
  /** Called when the disk has changed under a plan. With `all`, processes that wait are out of date whatever their plan. */
  onRenewed(planned: PlannedPolicy, all: boolean): void;
}

/** A policy in force, and the cells that it decides for: one policy for all of them, or one for each name. */
export class PolicyInForce {
  readonly #hooks: PolicyHooks;
  /** How many cells of each name there are. */
  readonly #names = new Map<string, number>();
  #policy: Policy;
  /** The policy that all cells share; undefined if it differs by their names. */
  #shared: PlannedPolicy | undefined;
  #byName = new Map<string, PlannedPolicy>();

  constructor(policy: Policy, hooks: PolicyHooks) {
    this.#hooks = hooks;
    this.#policy = policy;
    this.#shared = isForEachCell(policy) ? undefined : this.#planned(policy);
  }

  /** The policy as it was loaded. */
  get policy(): Policy {
    return this.#policy;
  }

  /** The policy of all cells with its plan; undefined if it differs by their names. */
  get shared(): PlannedPolicy | undefined {
    return this.#shared;
  }

  /** The policy that decides for a cell that has joined. */
  of(name: string): PlannedPolicy {
    const planned = this.#shared ?? this.#byName.get(name);
    // A cell without a policy is a bug of ours. Throw, so that nothing is allowed by it.
    if (planned === undefined) throw new Error(`no policy decides for ${name}`);
    return planned;
  }

  /** @throws TypeError for a name that cannot stand in the policy's paths. */
  join(name: string): void {
    if (this.#shared === undefined && !this.#byName.has(name))
      this.#byName.set(name, this.#planned(policyFor(this.#policy, name)));
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
  }

  leave(name: string): void {
    const left = (this.#names.get(name) ?? 0) - 1;
    if (left > 0) {
      this.#names.set(name, left);
      return;
    }
    this.#names.delete(name);
    this.#byName.delete(name);
  }

  /**
   * Puts another policy in force.
   *
   * @throws TypeError if the name of a live cell cannot stand in its paths; the old one then stays in force for all.
   */
  use(policy: Policy): void {
    const shared = isForEachCell(policy) ? undefined : this.#planned(policy);
    const byName = new Map<string, PlannedPolicy>();
    if (shared === undefined)
      for (const name of this.#names.keys())
        byName.set(name, this.#planned(policyFor(policy, name)));
    this.#policy = policy;
    this.#shared = shared;
    this.#byName = byName;
  }

  #planned(policy: Policy): PlannedPolicy {
    const planned: PlannedPolicy = new PlannedPolicy(policy, this.#hooks.confinement, (all) =>
      this.#hooks.onRenewed(planned, all),
    );
    return planned;
  }
}
