import { closeSync, openSync, readFileSync, readSync } from "node:fs";

import { outsideOfCalls } from "./caller-context.ts";

/** How often a cell at work is looked at, milliseconds. A guest was seen to take 1.3 GiB in 8 s: 4 MiB in this time. */
const PERIOD_MS = 25;
/** Every so many periods a cell that is not at work is looked at. */
const IDLE_PERIODS = 20;

/** What the kernel says of a cell's process. */
export interface Sample {
  readonly residentBytes: number;
  /** CPU time of the thread that runs the guest and its guards, milliseconds; the collector's threads are not in it. */
  readonly cpuMs: number;
}

/** What the host looks after in a cell, since the cell may be past looking after itself. */
export interface SampledProcess {
  readonly pid: number;
  /** Whether the host waits for it. */
  readonly busy: boolean;
  onSample(sample: Sample): void;
}

/** Descriptors that stay bound to the one process, whatever becomes of its id. */
interface Files {
  readonly statm: number;
  readonly stat: number;
}

/** Looks at every cell's process, often enough that none goes far beyond its limits. */
export class ProcessSampler {
  readonly #files = new Map<SampledProcess, Files>();
  readonly #buffer = Buffer.alloc(1024);
  readonly #units = unitsOf();
  #timer: NodeJS.Timeout | undefined;
  #period = 0;

  /** Looks at it once, and then again and again. */
  add(watched: SampledProcess): void {
    try {
      const statm = openSync(`/proc/${watched.pid}/statm`, "r");
      // The process' first thread, which has its id, and not the whole process.
      const stat = openSync(`/proc/${watched.pid}/task/${watched.pid}/stat`, "r");
      this.#files.set(watched, { statm, stat });
      this.#look(watched, { statm, stat });
    } catch {
      // It has ended already; its exit is told elsewhere.
      return;
    }
    this.#timer ??= outsideOfCalls(() => setInterval(() => this.#lookAround(), PERIOD_MS).unref());
  }

  remove(watched: SampledProcess): void {
    const files = this.#files.get(watched);
    if (files === undefined) return;
    this.#files.delete(watched);
    closeSync(files.statm);
    closeSync(files.stat);
    if (this.#files.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookAround(): void {
    this.#period += 1;
    const idleTurn = this.#period % IDLE_PERIODS === 0;
    for (const [watched, files] of this.#files) {
      if (!watched.busy && !idleTurn) continue;
      try {
        this.#look(watched, files);
      } catch {
        // It has ended; its exit is told elsewhere.
      }
    }
  }

  #look(watched: SampledProcess, { statm, stat }: Files): void {
    const residentBytes = Number(this.#read(statm).split(" ")[1]) * this.#units.pageBytes;
    // Fields 14 and 15 of proc(5), counted after the command's name, which may hold anything.
    const fields = this.#read(stat)
      .replace(/^.*\) /s, "")
      .split(" ");
    const cpuMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / this.#units.ticksPerSecond;
    watched.onSample({ residentBytes, cpuMs });
  }

  #read(fd: number): string {
    return this.#buffer.toString(
      "latin1",
      0,
      readSync(fd, this.#buffer, 0, this.#buffer.length, 0),
    );
  }
}

/** What `/proc` counts in: `AT_PAGESZ` and `AT_CLKTCK` of the auxiliary vector, as getauxval(3) has them. */
function unitsOf(): { readonly pageBytes: number; readonly ticksPerSecond: number } {
  const units = { pageBytes: 4096, ticksPerSecond: 100 };
  const vector = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    const value = Number(vector.readBigUInt64LE(at + 8));
    if (vector.readBigUInt64LE(at) === 6n) units.pageBytes = value;
    if (vector.readBigUInt64LE(at) === 17n) units.ticksPerSecond = value;
  }
  return units;
}
