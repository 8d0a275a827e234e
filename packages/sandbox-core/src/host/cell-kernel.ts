import type { Capability, KernelEvidence } from "@pyisolate/policy";

import type { KernelProbe, KernelRefusal } from "../frames.ts";
import type { Confined } from "../kernel/confinement.ts";
import {
  type JudgedOperation,
  evidenceOf,
  grants,
  type KernelWord,
  wordOf,
} from "../kernel/evidence.ts";
import { type Grants, type HeldPlan, intersection, isSameGrants } from "../kernel/held-plan.ts";
import type { KernelPlan } from "../kernel/plan.ts";
import { writableTrees } from "../kernel/writable-trees.ts";

/** What a cell asks its supervisor for, to compare its own plan with the one for the next cell. */
export interface Plans {
  /** The plan with which cells are started now; undefined if cells are not confined. */
  current(): KernelPlan | undefined;
  /** The plan by what is on the disk now, or was a moment ago. */
  renewed(): KernelPlan | undefined;
  /** Reports that a file of the plan is not the one that it was when the waiting processes were started. */
  replaced(): void;
}

/** The plans of a live cell, and word of new ones. */
export interface CellPlans extends Plans {
  /** Sets what is done when another policy may decide for the cell. */
  onReload(act: () => Promise<void>): void;
}

/** What a process is held to. */
interface Layer {
  /** What its policy's plan grants it. */
  readonly plan: Grants;
  /** The same, and what the cell itself needs to run. */
  readonly held: HeldPlan;
}

/** What a cell puts on top of what it has. */
export interface Narrower extends Layer {
  /** The trees in which the cell can write then; undefined if they are too many to list. */
  readonly writable: readonly string[] | undefined;
  /** The launcher's options. Throws RangeError for a plan that is too large. */
  options(): readonly string[];
}

/** The kernel refused an operation that the broker had allowed. */
export interface Refusal {
  readonly evidence: KernelEvidence;
  /** Whether the cell's age is the only cause: a cell that is spawned now would have been let through. */
  readonly isStale: boolean;
}

/**
 * The kernel layer of one cell: what the cell's process was started with, less what it has given up since. The process gives up
 * what a new policy takes away by one more Landlock layer in each of its threads; see `Narrowing`. Its seccomp filter stays as it
 * was: a second one could take away all commands or all sockets, and for that every cell would have to be let `seccomp`.
 *
 * Only the cell's own word says that it has done so: the kernel shows no other process what Landlock holds it to. A cell whose
 * native code a guest has taken over can keep what it had.
 */
export class CellKernel {
  readonly #confined: Confined | undefined;
  readonly #plans: Plans;
  /** The most that any thread of the cell is granted. */
  #most: Layer | undefined;
  /** The least: less than the most while a layer is put on, and from then on if only some threads got it. */
  #least: Layer | undefined;
  #leastBefore: Layer | undefined;
  /** Whether a file or directory of the plan was found to be replaced. */
  #isReplaced = false;

  /** @param confined Undefined for a cell that is not confined. */
  constructor(confined: Confined | undefined, plans: Plans) {
    this.#confined = confined;
    this.#plans = plans;
    this.#most = confined;
    this.#least = confined;
  }

  get isConfined(): boolean {
    return this.#confined !== undefined;
  }

  /** Whether a cell that is started now would be confined differently. */
  get isStale(): boolean {
    const current = this.#plans.current();
    if (this.#confined === undefined || this.#most === undefined || current === undefined)
      return false;
    if (this.#isReplaced || this.#least !== this.#most) return true;
    const { sockets, processes } = filterOf(this.#confined.plan);
    const wanted = filterOf(current);
    return (
      sockets !== wanted.sockets ||
      processes !== wanted.processes ||
      !isSameGrants(this.#most.plan, current)
    );
  }

  /** What the cell has to put on by the plan of now; undefined if that takes nothing away, or if the cell cannot. */
  narrower(): Narrower | undefined {
    const plan = this.#plans.current();
    const { confinement } = this.#confined ?? {};
    if (confinement?.canNarrow !== true || plan === undefined || this.#most === undefined)
      return undefined;
    if (isSameGrants(intersection(this.#most.plan, plan), this.#most.plan)) return undefined;
    const held = { ...plan, paths: [...plan.paths, ...confinement.needed] };
    return {
      plan,
      held,
      writable: writableTrees(intersection(this.#most.held, held).paths),
      options: () => confinement.narrowing(plan),
    };
  }

  /** The cell's threads put a layer on, one after the other. */
  begin(narrower: Narrower): void {
    this.#leastBefore = this.#least;
    this.#least = this.#with(this.#least, narrower);
  }

  /** How many of the cell's threads have put it on. */
  end(narrower: Narrower, threads: "all" | "some" | "none"): void {
    if (threads === "none") this.#least = this.#leastBefore;
    if (threads !== "all") return;
    const isEven = this.#leastBefore === this.#most;
    this.#most = isEven ? this.#least : this.#with(this.#most, narrower);
  }

  /** What the kernel says to an operation that the broker has refused; null if it was not asked, or does not govern the operation. */
  word(
    asked: JudgedOperation & { readonly capability: Capability },
    probed: KernelProbe | null,
  ): KernelWord | null {
    if (this.#most === undefined || this.#least === undefined) return null;
    if (this.#confined?.confinement.governs(asked.capability) !== true) return null;
    const word = wordOf(this.#most.held, asked, probed);
    // One thread may be let through and another not.
    const isDivided = word?.verdict === "allow" && this.#least !== this.#most;
    return isDivided && wordOf(this.#least.held, asked, probed)?.verdict !== "allow" ? null : word;
  }

  /** The evidence that the kernel refused an operation of this cell which the broker had allowed; null without evidence. */
  refusal(asked: JudgedOperation, seen: KernelRefusal): Refusal | null {
    if (this.#least === undefined) return null;
    const { plan, held } = this.#least;
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

  #with(layer: Layer | undefined, added: Layer): Layer | undefined {
    if (layer === undefined || this.#confined === undefined) return undefined;
    return {
      plan: intersection(layer.plan, added.plan),
      held: {
        ...intersection(layer.held, added.held),
        filter: filterOf(this.#confined.plan),
      },
    };
  }
}

function filterOf({ ports, commands }: Grants): { sockets: boolean; processes: boolean } {
  return { sockets: ports.length > 0, processes: commands.length > 0 };
}
