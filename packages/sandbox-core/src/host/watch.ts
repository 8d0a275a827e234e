import { closeSync, openSync, readSync } from "node:fs";

/** How often a cell at work is looked at, milliseconds. A guest was seen to take 1.3 GiB in 8 s: 4 MiB in this time. */
const PERIOD_MS = 25;
/** Every so many periods a cell that is not at work is looked at. */
const IDLE_PERIODS = 20;
const PAGE_BYTES = 4096;
const MIB = 1024 * 1024;

/** Clock ticks a second of `/proc/pid/stat`: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What the host looks after in a cell, since the cell may be past looking after itself. */
export interface Watched {
  readonly pid: number;
  /** Whether the host waits for it. */
  readonly busy: boolean;
  /** Resident memory at which it ends, bytes above what it had when it was ready. */
  readonly memoryBytes: number;
  /** CPU time, milliseconds, that it may use with nobody waiting for it. */
  readonly idleCpuMs: number;
  onMemory(residentMib: number): void;
  onIdleCpu(): void;
}

interface Entry {
  readonly statm: number;
  readonly stat: number;
  readonly baseline: number;
  cpuMs: number;
}

/** Reads every cell's resident memory, often enough that none grows far beyond its limit. */
export class Watch {
  readonly #entries = new Map<Watched, Entry>();
  readonly #buffer = Buffer.alloc(1024);
  #timer: NodeJS.Timeout | undefined;
  #period = 0;

  add(watched: Watched): void {
    try {
      const statm = openSync(`/proc/${watched.pid}/statm`, "r");
      const stat = openSync(`/proc/${watched.pid}/stat`, "r");
      this.#entries.set(watched, { statm, stat, baseline: this.#resident(statm), cpuMs: this.#cpuMs(stat) });
    } catch {
      // It has ended already; its exit is told elsewhere.
      return;
    }
    this.#timer ??= setInterval(() => this.#look(), PERIOD_MS).unref();
  }

  remove(watched: Watched): void {
    const entry = this.#entries.get(watched);
    if (entry === undefined) return;
    this.#entries.delete(watched);
    closeSync(entry.statm);
    closeSync(entry.stat);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#period += 1;
    const idleTurn = this.#period % IDLE_PERIODS === 0;
    for (const [watched, entry] of this.#entries) {
      if (!watched.busy && !idleTurn) continue;
      try {
        const resident = this.#resident(entry.statm);
        if (resident - entry.baseline > watched.memoryBytes) {
          watched.onMemory(Math.round(resident / MIB));
          continue;
        }
        if (!idleTurn) continue;
        const cpuMs = this.#cpuMs(entry.stat);
        if (watched.busy) entry.cpuMs = cpuMs;
        else if (cpuMs - entry.cpuMs > watched.idleCpuMs) watched.onIdleCpu();
      } catch {
        // It has ended; its exit is told elsewhere.
      }
    }
  }

  #resident(fd: number): number {
    const read = readSync(fd, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString("latin1", 0, read).split(" ")[1]) * PAGE_BYTES;
  }

  #cpuMs(fd: number): number {
    const read = readSync(fd, this.#buffer, 0, this.#buffer.length, 0);
    // Fields 14 and 15 of proc(5), counted after the command's name, which may hold anything.
    const fields = this.#buffer.toString("latin1", 0, read).replace(/^.*\) /s, "").split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  }
}
