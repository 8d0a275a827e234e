import { Pool } from "./pool.ts";
import type { CellProcess } from "./process/cell-process.ts";
import { isSameLaunch, type Launch } from "./process/launch.ts";

/**
 * Most pools besides that of the supervisor's own policy. The one that was used longest ago goes first, and with it the processes
 * that it keeps ready.
 */
const MAX_OTHERS = 8;

/**
 * The processes that wait for cells, in a pool for each way of starting them. The pool of the supervisor's own policy always keeps
 * processes ready. Another policy's pool does so from its second cell on: for a policy that is used once they would be wasted.
 */
export class Pools {
  readonly #size: number;
  readonly #mark: string;
  #own: Pool | undefined;
  readonly #others: { readonly pool: Pool; spawned: number }[] = [];
  readonly #ending = new Set<Promise<void>>();

  constructor(size: number, mark: string) {
    this.#size = size;
    this.#mark = mark;
  }

  /**
   * Sets what the supervisor's own policy starts cells with.
   *
   * @param launch Undefined if its cells are started in different ways, so that no process can wait for them.
   * @param all Whether the waiting processes are out of date whatever they were started with.
   */
  setOwnLaunch(launch: Launch | undefined, all = false): void {
    if (launch === undefined) {
      if (this.#own !== undefined) this.#drop(this.#own);
      this.#own = undefined;
    } else if (this.#own === undefined) {
      this.#own = new Pool(this.#size, launch, this.#mark);
      this.#own.fill();
    } else this.#own.restart(launch, all);
  }

  /** @throws CellStartError if a process cannot be started, or the pool is closed. */
  async take(launch: Launch): Promise<CellProcess> {
    if (this.#own !== undefined && isSameLaunch(this.#own.launch, launch))
      return await this.#own.take();
    const at = this.#others.findIndex(({ pool }) => isSameLaunch(pool.launch, launch));
    const [known] = at === -1 ? [] : this.#others.splice(at, 1);
    const other = known ?? { pool: new Pool(0, launch, this.#mark), spawned: 0 };
    other.spawned += 1;
    this.#others.push(other);
    if (this.#others.length > MAX_OTHERS) this.#dropOldest();
    if (other.spawned > 1) other.pool.keep(this.#size);
    return await other.pool.take();
  }

  /** A file that processes of this launch were started with is not the same any more. */
  replaced(launch: Launch): void {
    const at = this.#others.findIndex(({ pool }) => isSameLaunch(pool.launch, launch));
    if (at !== -1 && this.#others[at]?.pool.isAwaited === false)
      for (const { pool } of this.#others.splice(at, 1)) this.#drop(pool);
  }

  async close(): Promise<void> {
    const pools = this.#others.map(({ pool }) => pool);
    if (this.#own !== undefined) pools.push(this.#own);
    await Promise.all([...pools.map(async (pool) => await pool.close()), ...this.#ending]);
  }

  #dropOldest(): void {
    const at = this.#others.findIndex(({ pool }) => !pool.isAwaited);
    if (at !== -1) for (const { pool } of this.#others.splice(at, 1)) this.#drop(pool);
  }

  #drop(pool: Pool): void {
    const ending = pool.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
