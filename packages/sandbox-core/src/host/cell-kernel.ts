import type { KernelEvidence } from "@pyisolate/policy";

import type { KernelRefusal } from "../frames.ts";
import { type Asked, evidenceOf, grants } from "../kernel/evidence.ts";
import { isSamePlan, type KernelPlan } from "../kernel/plan.ts";

/** What a cell needs of its supervisor to know its own plan from that of the next cell. */
export interface Plans {
  /** The plan that cells are started with now; undefined where they are not confined. */
  current(): KernelPlan | undefined;
  /** The same by what is on the disk at this moment, or was a moment ago. */
  renewed(): KernelPlan | undefined;
  /** A file of the plan is another one than when the waiting processes were started. */
  replaced(): void;
}

/** What the kernel's layer of one cell has to say: by the plan that its process was started with, which nothing changes any more. */
export class CellKernel {
  readonly #plan: KernelPlan | undefined;
  readonly #plans: Plans;
  /** A file or folder of the plan has been found to be another one by now. */
  #isReplaced = false;

  /** @param plan Undefined for a cell that is not confined. */
  constructor(plan: KernelPlan | undefined, plans: Plans) {
    this.#plan = plan;
    this.#plans = plans;
  }

  get isConfined(): boolean {
    return this.#plan !== undefined;
  }

  /** Whether a cell that is started now would be confined otherwise. */
  get isStale(): boolean {
    const current = this.#plans.current();
    if (this.#plan === undefined || current === undefined) return false;
    return this.#isReplaced || !isSamePlan(this.#plan, current);
  }

  /** What shows that the kernel refused an operation of this cell; null where nothing does, and where the cell is only stale. */
  evidence(asked: Asked, seen: KernelRefusal): KernelEvidence | null {
    if (this.#plan === undefined) return null;
    const renewed = this.#plans.renewed();
    // The plan's names may stand for other files than when the cell was started; Landlock holds on to those.
    const isReplaced = seen === "differential" && grants(this.#plan, asked);
    const isMissed = isReplaced || !grants(this.#plan, asked);
    if (isMissed && renewed !== undefined && grants(renewed, asked)) {
      if (isReplaced && !this.#isReplaced) this.#plans.replaced();
      this.#isReplaced ||= isReplaced;
      return null;
    }
    return evidenceOf(this.#plan, asked, seen);
  }
}
