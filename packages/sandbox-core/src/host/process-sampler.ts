import { closeSync, openSync, readFileSync, readSync } from "node:fs";

import { outsideOfCalls } from "./caller-context.ts";

/** How often a working cell is sampled, milliseconds. A guest was seen to allocate 1.3 GiB in 8 s, which is 4 MiB in this time. */
const PERIOD_MS = 25;
/** An idle cell is sampled once in so many periods. */
const IDLE_PERIODS = 20;

/** A sample of a cell's process, from /proc. */
export interface Sample {
  readonly residentBytes: number;
  /** CPU time of the thread that runs the guest and its guards, milliseconds. The garbage collector's threads are not included. */
  readonly cpuMs: number;
}

/** A process to sample. The host does it because a cell that spins cannot watch itself. */
export interface SampledProcess {
  readonly pid: number;
  /** Whether a call into the cell is in flight. */
  readonly busy: boolean;
  onSample(sample: Sample): void;
}

/** Open descriptors, which stay bound to this process even if its id is given to another. */
interface Files {
  readonly statm: number;
  readonly stat: number;
}

/** Samples the process of every cell, often enough that none goes far beyond its limits. */
export class ProcessSampler {
  readonly #files = new Map<SampledProcess, Files>();
  readonly #buffer = Buffer.alloc(1024);
  readonly #units = unitsOf();
  #timer: NodeJS.Timeout | undefined;
  #period = 0;

  /** Samples the process at once, and then periodically. */
  add(watched: SampledProcess): void {
    try {
      const statm = openSync(`/proc/${watched.pid}/statm`, "r");
      // Read the process's first thread, which has the same id, and not the whole process.
      const stat = openSync(`/proc/${watched.pid}/task/${watched.pid}/stat`, "r");
      this.#files.set(watched, { statm, stat });
      this.#look(watched, { statm, stat });
    } catch {
      // The process has ended already; its exit is reported elsewhere.
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
        // The process has ended; its exit is reported elsewhere.
      }
    }
  }

  #look(watched: SampledProcess, { statm, stat }: Files): void {
    const residentBytes = Number(this.#read(statm).split(" ")[1]) * this.#units.pageBytes;
    // Count the fields of proc(5) after the command's name, which may contain spaces and parentheses. Fields 14 and 15 are the
    // CPU time.
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

/** The units of `/proc`: `AT_PAGESZ` and `AT_CLKTCK` of the auxiliary vector, as in getauxval(3). */
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
