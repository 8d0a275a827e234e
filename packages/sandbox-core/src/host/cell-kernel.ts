import type { Capability, KernelEvidence } from "@pyisolate/policy";

import type { KernelProbe, KernelRefusal } from "../frames.ts";
import type { Confined } from "../kernel/confinement.ts";
import { type Asked, evidenceOf, grants, type KernelWord, wordOf } from "../kernel/evidence.ts";
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

/** The kernel's refusal of what the broker had allowed. */
export interface Refusal {
  readonly evidence: KernelEvidence;
  /** Nothing is wrong but the cell's age: one that is spawned now would have been let through. */
  readonly isStale: boolean;
}

/**
 * What the kernel's layer of one cell has to say: by the plan that its process was started with, which nothing changes any more. A narrower
 * policy could be put on top of it by Landlock alone, in the process itself and for each of its threads (one call for all of them is in
 * ABI 8, Linux 7.0). For that the filter would have to let cells call Landlock, which is one more part of the kernel within reach of native
 * code, and a cell would need native code of ours. So the broker alone holds the new policy until the next cell.
 */
export class CellKernel {
  readonly #confined: Confined | undefined;
  readonly #plans: Plans;
  /** A file or folder of the plan has been found to be another one by now. */
  #isReplaced = false;

  /** @param confined Undefined for a cell that is not confined. */
  constructor(confined: Confined | undefined, plans: Plans) {
    this.#confined = confined;
    this.#plans = plans;
  }

  get isConfined(): boolean {
    return this.#confined !== undefined;
  }

  /** Whether a cell that is started now would be confined otherwise. */
  get isStale(): boolean {
    const current = this.#plans.current();
    if (this.#confined === undefined || current === undefined) return false;
    return this.#isReplaced || !isSamePlan(this.#confined.plan, current);
  }

  /** What the kernel says to an operation that the broker has refused; null where it was not asked, or is not there for it. */
  word(
    asked: Asked & { readonly capability: Capability },
    probed: KernelProbe | null,
  ): KernelWord | null {
    if (this.#confined?.confinement.governs(asked.capability) !== true) return null;
    return wordOf(this.#confined.held, asked, probed);
  }

  /** What shows that the kernel refused an operation of this cell that the broker had allowed; null where nothing does. */
  refusal(asked: Asked, seen: KernelRefusal): Refusal | null {
    if (this.#confined === undefined) return null;
    const { plan, held } = this.#confined;
    const renewed = this.#plans.renewed();
    // The plan's names may stand for other files than when the cell was started; Landlock holds on to those.
    const isReplaced = seen === "differential" && grants(plan, asked);
    const isMissed = isReplaced || !grants(plan, asked);
    const isStale = seen !== "ended" && isMissed && renewed !== undefined && grants(renewed, asked);
    if (isStale && isReplaced) {
      if (!this.#isReplaced) this.#plans.replaced();
      this.#isReplaced = true;
      return { evidence: "differential+ruleset", isStale };
    }
    const evidence = evidenceOf(held, asked, seen);
    return evidence === null ? null : { evidence, isStale };
  }
}
