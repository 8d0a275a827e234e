import { CellStartError } from "./errors.ts";
import type { PlannedPolicy } from "./planned-policy.ts";
import { Pools } from "./pools.ts";
import type { CellProcess } from "./process/cell-process.ts";
import { isSameLaunch, type Launch } from "./process/launch.ts";
import type { Regime } from "./regime.ts";
import type { Seat } from "./seat.ts";

/** How often a process is taken anew that another policy or disk has overtaken while it started. */
const MAX_TAKES = 5;

/** Gives cells their processes, each started as the cell's policy and its kernel plan demand. */
export class CellStarts {
  readonly #regime: Regime;
  readonly #ca: string | null;
  readonly #isConfined: boolean;
  readonly #pools: Pools;
  #isClosed = false;

  /** @param regime The supervisor's own policy, for whose cells processes wait. */
  constructor(
    regime: Regime,
    { pool, ca }: { readonly pool: number; readonly ca: string | null },
    { isConfined, mark }: { readonly isConfined: boolean; readonly mark: string },
  ) {
    this.#regime = regime;
    this.#ca = ca;
    this.#isConfined = isConfined;
    this.#pools = new Pools(pool, mark);
    this.stand();
  }

  /** The supervisor's own policy has been replaced, or its plan: the processes that wait must be started by it. */
  stand(): void {
    this.#pools.stand(this.#standing());
  }

  /** The disk has changed under a plan. With `all`, processes that wait are out of date whatever their plan. */
  renewed(planned: PlannedPolicy, all: boolean): void {
    if (planned === this.#regime.shared) this.#pools.stand(this.#launch(planned), all);
    else if (all) this.#pools.replaced(this.#launch(planned));
  }

  /** @throws CellStartError if the process does not start, or the supervisor is closed. */
  async take(seat: Seat): Promise<CellProcess> {
    for (let takes = 1; ; takes += 1) {
      const process = await this.#pools.take(this.#launch(seat.planned));
      if (this.#isClosed) {
        process.kill();
        throw new CellStartError("The supervisor was closed while the cell started");
      }
      if (takes >= MAX_TAKES || isSameLaunch(process.launch, this.#launch(seat.planned)))
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
  #standing(): Launch | undefined {
    const { policy, shared } = this.#regime;
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
