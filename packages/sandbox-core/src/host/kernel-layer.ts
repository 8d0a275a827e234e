import type { Capability, Policy, Verdict } from "@pyisolate/policy";

import { type Confined, Confinement } from "../kernel/confinement.ts";
import { isSamePlan, type KernelPlan, kernelPlan } from "../kernel/plan.ts";
import { RIGHTS } from "../kernel/rights.ts";
import { CELL_FILES, isolateAddon } from "./process/cell-files.ts";
import type { Plans } from "./cell-kernel.ts";
import { CellStartError } from "./errors.ts";
import type { SupervisorSettings } from "./supervisor-options.ts";

/** Descriptors that a cell keeps: the standard three and its two channels. */
const DESCRIPTORS = 5;

/**
 * How long a look at the disk is reused, milliseconds. Without it, a guest that is refused in a loop would make the host look
 * each time.
 */
const LOOK_MS = 1000;

/** Most trees that a cell is told that it may write in. */
const MAX_WRITABLE = 256;

/** The second layer of a supervisor: whether and how the kernel confines its cells. */
export class KernelLayer implements Plans {
  readonly #isOff: boolean;
  readonly #confinement: Confinement | undefined;
  readonly #renew: (all: boolean) => void;
  #policy: Policy;
  /** The plan for the next cell. Unused if cells are not confined. */
  #plan: KernelPlan | undefined;
  /** The plan prepared for its cells; made for the first of them. */
  #confined: Confined | undefined;
  #lookedAt = 0;

  /**
   * @param renew Called when the disk has changed. Processes that wait must have the current plan; with `all`, they must be
   *   replaced whatever their plan.
   * @throws CellStartError if cells must be confined, or must run as another user, and this host cannot do it.
   */
  constructor(
    { kernel, user }: Pick<SupervisorSettings, "kernel" | "user">,
    policy: Policy,
    renew: (all: boolean) => void,
  ) {
    this.#isOff = kernel === "off";
    this.#renew = renew;
    this.#confinement =
      kernel === "off"
        ? undefined
        : Confinement.prepare(kernel, {
            code: CELL_FILES,
            addons: [isolateAddon()],
            descriptors: DESCRIPTORS,
            ...(user === undefined ? {} : { user }),
          });
    if (user !== undefined && this.#confinement === undefined)
      throw new CellStartError(
        'user cannot be met: only a confined cell can run as another user, and cells are not confined here; leave `user` out, or mend what kernel: "require" names',
      );
    this.#policy = policy;
    this.use(policy);
  }

  /** How the next process is confined. */
  get confined(): Confined | undefined {
    return this.#confinement === undefined || this.#plan === undefined
      ? undefined
      : (this.#confined ??= this.#confinement.confined(this.#plan));
  }

  /**
   * The trees in which the next cell may write, which it needs for its probes. Undefined if the cell is not confined, or if the
   * trees are so many that the list would cost each cell its memory.
   */
  get writable(): readonly string[] | undefined {
    const trees = this.confined?.held.paths.filter(
      ({ rights }) => (rights & RIGHTS.write_file) !== 0,
    );
    return trees === undefined || trees.length > MAX_WRITABLE
      ? undefined
      : trees.map(({ path }) => path);
  }

  /** Puts a policy in force for processes that start from now on. */
  use(policy: Policy): void {
    this.#policy = policy;
    this.#take(this.#confinement === undefined ? undefined : kernelPlan(policy));
  }

  /** The layer's verdict on an operation that was not put to it. */
  verdict(capability: Capability): Verdict {
    if (this.#isOff || capability === "random") return "not_evaluated";
    return this.#confinement?.isThereFor(capability) === true ? "not_evaluated" : "unavailable";
  }

  current(): KernelPlan | undefined {
    return this.confined?.plan;
  }

  renewed(): KernelPlan | undefined {
    const now = performance.now();
    if (this.#confinement !== undefined && now - this.#lookedAt > LOOK_MS) {
      this.#lookedAt = now;
      const plan = kernelPlan(this.#policy);
      if (this.#plan === undefined || !isSamePlan(plan, this.#plan)) {
        this.#take(plan);
        this.#renew(false);
      }
    }
    return this.current();
  }

  replaced(): void {
    this.#renew(true);
  }

  #take(plan: KernelPlan | undefined): void {
    this.#plan = plan;
    this.#confined = undefined;
  }
}
