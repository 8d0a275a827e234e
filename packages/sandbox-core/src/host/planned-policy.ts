import type { Policy } from "@pyisolate/policy";

import type { Confined, Confinement } from "../kernel/confinement.ts";
import { isSamePlan, type KernelPlan, kernelPlan } from "../kernel/plan.ts";
import { writableTrees } from "../kernel/writable-trees.ts";
import type { Plans } from "./cell-kernel.ts";

/**
 * How long a look at the disk is reused, milliseconds. Without it, a guest that is refused in a loop would make the host look
 * each time.
 */
const LOOK_MS = 1000;

/** A policy of cells that all have the same, with the kernel's plan of it. */
export class PlannedPolicy implements Plans {
  readonly policy: Policy;
  readonly #confinement: Confinement | undefined;
  readonly #renew: (all: boolean) => void;
  /** The plan for the next cell; made when it is first asked for, which is never if cells are not confined. */
  #plan: KernelPlan | undefined;
  /** The plan prepared for its cells; made for the first of them. */
  #confined: Confined | undefined;
  #lookedAt = 0;

  /**
   * @param confinement Undefined if cells are not confined.
   * @param renew Called when the disk has changed. Processes that wait must have the current plan; with `all`, they must be
   *   replaced whatever their plan.
   */
  constructor(policy: Policy, confinement: Confinement | undefined, renew: (all: boolean) => void) {
    this.policy = policy;
    this.#confinement = confinement;
    this.#renew = renew;
  }

  /** How the next process is confined. */
  get confined(): Confined | undefined {
    if (this.#confinement === undefined) return undefined;
    this.#plan ??= kernelPlan(this.policy);
    return (this.#confined ??= this.#confinement.confined(this.#plan));
  }

  /** The trees in which the next cell may write. Undefined if the cell is not confined, or if they are too many to list. */
  get writable(): readonly string[] | undefined {
    const held = this.confined?.held;
    return held === undefined ? undefined : writableTrees(held.paths);
  }

  current(): KernelPlan | undefined {
    return this.confined?.plan;
  }

  renewed(): KernelPlan | undefined {
    const now = performance.now();
    if (this.#confinement !== undefined && now - this.#lookedAt > LOOK_MS) {
      this.#lookedAt = now;
      const plan = kernelPlan(this.policy);
      if (this.#plan === undefined || !isSamePlan(plan, this.#plan)) {
        this.#plan = plan;
        this.#confined = undefined;
        this.#renew(false);
      }
    }
    return this.current();
  }

  replaced(): void {
    this.#renew(true);
  }
}
