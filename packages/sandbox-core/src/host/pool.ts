import type { Start } from "../frames.ts";
import { CellProcess } from "./cell-process.ts";
import { CellStartError } from "./errors.ts";

/** Ready cell processes: a process takes about 100 ms to start, one from here none. */
export class Pool {
  readonly #size: number;
  readonly #mark: string;
  #start: Start;
  readonly #ready: CellProcess[] = [];
  #warming = 0;
  #closed = false;

  constructor(size: number, start: Start, mark: string) {
    this.#size = size;
    this.#start = start;
    this.#mark = mark;
  }

  /** Fills up in the background. A process that does not start is reported by the `take` that then has to start one. */
  fill(): void {
    while (!this.#closed && this.#ready.length + this.#warming < this.#size) {
      this.#warming += 1;
      void this.#warm().then((process) => {
        this.#warming -= 1;
        if (process === undefined) return;
        if (this.#closed || process.memoryMib !== this.#start.memoryMib) process.kill();
        else this.#ready.push(process);
      });
    }
  }

  /** @throws CellStartError where a process cannot be started. */
  async take(): Promise<CellProcess> {
    if (this.#closed) throw new CellStartError("The supervisor is closed");
    for (;;) {
      const process = this.#ready.shift();
      // Refilled later, so that starting the next process does not delay this one.
      setImmediate(() => this.fill());
      if (process === undefined) break;
      if (!process.hasExited) return process;
    }
    const process = new CellProcess(this.#start, this.#mark);
    await process.ready();
    return process;
  }

  /** How many processes are ready. */
  get available(): number {
    return this.#ready.length;
  }

  /** What processes are started with from now on; those that differ are let go. */
  restart(start: Start): void {
    if (start.memoryMib === this.#start.memoryMib) return;
    this.#start = start;
    for (const process of this.#ready.splice(0)) process.kill();
    this.fill();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const ready = this.#ready.splice(0);
    for (const process of ready) process.kill();
    await Promise.all(ready.map(async (process) => process.exited()));
  }

  async #warm(): Promise<CellProcess | undefined> {
    const process = new CellProcess(this.#start, this.#mark);
    try {
      await process.ready();
      return process;
    } catch {
      return undefined;
    }
  }
}
