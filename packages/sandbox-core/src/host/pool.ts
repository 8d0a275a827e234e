import { readFileSync } from "node:fs";

import { outsideOfCalls } from "./caller-context.ts";
import { CellProcess } from "./process/cell-process.ts";
import { CellStartError } from "./cell-errors.ts";
import { isSameLaunch, type Launch } from "./process/launch.ts";
import { maxBody } from "./channel/wire.ts";

interface Waiter {
  readonly resolve: (process: CellProcess) => void;
  readonly reject: (error: unknown) => void;
}

/** Cell processes that are started in advance: starting one takes about 100 ms, taking a ready one almost none. */
export class Pool {
  #size: number;
  readonly #mark: string;
  #launch: Launch;
  readonly #ready: CellProcess[] = [];
  readonly #starting = new Set<CellProcess>();
  readonly #waiters: Waiter[] = [];
  #closed = false;

  constructor(size: number, launch: Launch, mark: string) {
    this.#size = size;
    this.#launch = launch;
    this.#mark = mark;
  }

  /** What processes are started with now. */
  get launch(): Launch {
    return this.#launch;
  }

  /** Whether a `spawn` waits for a process. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** Keeps so many processes ready from now on. */
  keep(size: number): void {
    this.#size = size;
    this.fill();
  }

  /** Starts the missing processes: first one for each waiting `spawn`, then those to keep ready. */
  fill(): void {
    if (this.#closed) return;
    const wanted =
      this.#waiters.length > 0 ? this.#waiters.length : this.#size - this.#ready.length;
    for (let missing = wanted - this.#starting.size; missing > 0; missing--)
      outsideOfCalls(() => this.#begin());
  }

  /** @throws CellStartError if a process cannot be started, or the pool is closed. */
  async take(): Promise<CellProcess> {
    if (this.#closed) throw closed();
    for (let process = this.#ready.shift(); process !== undefined; process = this.#ready.shift()) {
      if (!isAlive(process)) continue;
      // Refill later, so that starting the next process does not delay this spawn.
      setImmediate(() => this.fill());
      return process;
    }
    const { promise, resolve, reject } = Promise.withResolvers<CellProcess>();
    this.#waiters.push({ resolve, reject });
    this.fill();
    return await promise;
  }

  /** Sets what processes are started with from now on, and ends the waiting ones that differ; with `all`, every waiting one. */
  restart(launch: Launch, all = false): void {
    if (!all && isSameLaunch(launch, this.#launch)) return;
    this.#launch = launch;
    for (const process of this.#ready.splice(0)) process.kill();
    this.fill();
  }

  /** Ends the processes that no `spawn` has taken. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(closed());
    const processes = [...this.#ready.splice(0), ...this.#starting];
    for (const process of processes) process.kill();
    await Promise.all(processes.map(async (process) => await process.exited()));
  }

  #begin(): void {
    let process: CellProcess;
    try {
      process = new CellProcess(this.#launch, this.#mark);
    } catch (error) {
      this.#waiters.shift()?.reject(error);
      return;
    }
    this.#starting.add(process);
    process.ready().then(
      () => {
        this.#starting.delete(process);
        this.#arrived(process);
        this.fill();
      },
      (error: unknown) => {
        this.#starting.delete(process);
        // One failure rejects one waiting `spawn`. If none waits, the next `spawn` starts another process and gets its error.
        this.#waiters.shift()?.reject(error);
        if (this.#waiters.length > 0) this.fill();
      },
    );
  }

  #arrived(process: CellProcess): void {
    if (this.#closed || !isSameLaunch(process.launch, this.#launch)) {
      process.kill();
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(process);
      return;
    }
    if (this.#ready.length >= this.#size) {
      process.kill();
      return;
    }
    this.#ready.push(process);
    const drop = (): void => {
      const at = this.#ready.indexOf(process);
      if (at !== -1) this.#ready.splice(at, 1);
      process.kill();
    };
    // Drop a process that sends anything before it is used: our own cell code sends nothing.
    process.listen({ maxBody, onAsk: drop, onFrame: drop, onGarbage: drop, onExit: drop });
  }
}

function closed(): CellStartError {
  return new CellStartError("The supervisor is closed; make another one");
}

/** Whether the process still runs, as the kernel says: Node reports a kill a moment late. */
function isAlive(process: CellProcess): boolean {
  if (process.hasExited) return false;
  try {
    return !readFileSync(`/proc/${process.pid}/statm`, "latin1").startsWith("0 ");
  } catch {
    return false;
  }
}
