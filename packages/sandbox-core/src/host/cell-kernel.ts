import type { Capability, KernelEvidence } from "@pyisolate/policy";

import type { KernelProbe, KernelRefusal } from "../frames.ts";
import type { Confined } from "../kernel/confinement.ts";
import { type Asked, evidenceOf, grants, type KernelWord, wordOf } from "../kernel/evidence.ts";
import { isSamePlan, type KernelPlan } from "../kernel/plan.ts";

/** What a cell asks its supervisor for, to compare its own plan with the one for the next cell. */
export interface Plans {
  /** The plan with which cells are started now; undefined if cells are not confined. */
  current(): KernelPlan | undefined;
  /** The plan by what is on the disk now, or was a moment ago. */
  renewed(): KernelPlan | undefined;
  /** Reports that a file of the plan is not the one that it was when the waiting processes were started. */
  replaced(): void;
}

/** The kernel refused an operation that the broker had allowed. */
export interface Refusal {
  readonly evidence: KernelEvidence;
  /** Whether the cell's age is the only cause: a cell that is spawned now would have been let through. */
  readonly isStale: boolean;
}

/**
 * The kernel layer of one cell. It answers by the plan with which the cell's process was started, which cannot be changed. A
 * narrower policy could be put on top of it only from within the process:
 *
 * - Landlock, for each of the cell's seven threads by itself; one call for all threads comes with ABI 8 (Linux 7.0).
 * - A second seccomp filter, for all threads at once (`SECCOMP_FILTER_FLAG_TSYNC`). It could take away all commands or all
 *   sockets, but no single path, port or command, since a filter sees numbers and not what a pointer leads to.
 *
 * A cell has no native code of ours to make these calls with, and its filter ends a process that makes one. If it let them
 * through, native code in a taken cell could attack two more parts of the kernel. The host cannot make the calls for the cell:
 * a call that a debugger makes in it goes through the same filter. So until the next cell, only the broker enforces a new policy.
 */
export class CellKernel {
  readonly #confined: Confined | undefined;
  readonly #plans: Plans;
  /** Whether a file or folder of the plan was found to be replaced. */
  #isReplaced = false;

  /** @param confined Undefined for a cell that is not confined. */
  constructor(confined: Confined | undefined, plans: Plans) {
    this.#confined = confined;
    this.#plans = plans;
  }

  get isConfined(): boolean {
    return this.#confined !== undefined;
  }

  /** Whether a cell that is started now would be confined differently. */
  get isStale(): boolean {
    const current = this.#plans.current();
    if (this.#confined === undefined || current === undefined) return false;
    return this.#isReplaced || !isSamePlan(this.#confined.plan, current);
  }

  /** What the kernel says to an operation that the broker has refused; null if it was not asked, or does not govern the operation. */
  word(
    asked: Asked & { readonly capability: Capability },
    probed: KernelProbe | null,
  ): KernelWord | null {
    if (this.#confined?.confinement.governs(asked.capability) !== true) return null;
    return wordOf(this.#confined.held, asked, probed);
  }

  /** The evidence that the kernel refused an operation of this cell which the broker had allowed; null without evidence. */
  refusal(asked: Asked, seen: KernelRefusal): Refusal | null {
    if (this.#confined === undefined) return null;
    const { plan, held } = this.#confined;
    const renewed = this.#plans.renewed();
    // The plan's names may stand for other files now than when the cell was started; Landlock still holds the old files.
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
