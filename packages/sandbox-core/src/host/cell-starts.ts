import type { CellPolicy } from "./cell-policy.ts";
import { CellStartError } from "./cell-errors.ts";
import type { PlannedPolicy } from "./planned-policy.ts";
import type { PolicyInForce } from "./policy-in-force.ts";
import { Pools } from "./pools.ts";
import type { CellProcess } from "./process/cell-process.ts";
import { isSameLaunch, type Launch } from "./process/launch.ts";

/** Most processes taken for one cell: the policy or the disk may change while one starts, which is then not right any more. */
const MAX_TAKES = 5;

/** Gives cells their processes, each started as the cell's policy and its kernel plan demand. */
export class CellStarts {
  readonly #inForce: PolicyInForce;
  readonly #ca: string | null;
  readonly #isConfined: boolean;
  readonly #pools: Pools;
  #isClosed = false;

  /** @param inForce The supervisor's own policy. Processes are kept ready for its cells. */
  constructor(
    inForce: PolicyInForce,
    { pool, ca }: { readonly pool: number; readonly ca: string | null },
    { isConfined, mark }: { readonly isConfined: boolean; readonly mark: string },
  ) {
    this.#inForce = inForce;
    this.#ca = ca;
    this.#isConfined = isConfined;
    this.#pools = new Pools(pool, mark);
    this.ownPolicyChanged();
  }

  /** Replaces the waiting processes. To be called when the supervisor's own policy, or its plan, has been replaced. */
  ownPolicyChanged(): void {
    this.#pools.setOwnLaunch(this.#ownLaunch());
  }

  /** The disk has changed under a plan. With `all`, processes that wait are out of date whatever their plan. */
  renewed(planned: PlannedPolicy, all: boolean): void {
    if (planned === this.#inForce.shared) this.#pools.setOwnLaunch(this.#launch(planned), all);
    else if (all) this.#pools.replaced(this.#launch(planned));
  }

  /** @throws CellStartError if the process does not start, or the supervisor is closed. */
  async take(cellPolicy: CellPolicy): Promise<CellProcess> {
    for (let takes = 1; ; takes += 1) {
      const process = await this.#pools.take(this.#launch(cellPolicy.planned));
      if (this.#isClosed) {
        process.kill();
        throw new CellStartError("The supervisor was closed while the cell started");
      }
      if (takes >= MAX_TAKES || isSameLaunch(process.launch, this.#launch(cellPolicy.planned)))
        return process;
      process.kill();
    }
  }

  /** Ends the processes that wait. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pools.close();
  }

  /** What cells of the supervisor's own policy are started with; undefined if that differs from cell to cell. */
  #ownLaunch(): Launch | undefined {
    const { policy, shared } = this.#inForce;
    if (shared !== undefined) return this.#launch(shared);
    return this.#isConfined
      ? undefined
      : { start: { memoryMib: policy.limits.memoryMib, ca: this.#ca }, confined: undefined };
  }

  #launch({ policy, confined, writable }: PlannedPolicy): Launch {
    return {
      start: {
        memoryMib: policy.limits.memoryMib,
        ca: this.#ca,
        ...(writable === undefined ? {} : { writable }),
      },
      confined,
    };
  }
}
