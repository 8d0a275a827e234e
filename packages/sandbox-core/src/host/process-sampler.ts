import { closeSync, openSync, readSync } from "node:fs";

import { outsideOfCalls } from "./caller-context.ts";
import { pageBytes, threadClock } from "./process/thread-clock.ts";

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
  readonly cpu: number;
}

/** Samples the process of every cell, often enough that none goes far beyond its limits. */
export class ProcessSampler {
  readonly #files = new Map<SampledProcess, Files>();
  readonly #buffer = Buffer.alloc(1024);
  readonly #clock = threadClock();
  readonly #pageBytes = pageBytes();
  #timer: NodeJS.Timeout | undefined;
  #period = 0;

  /** Samples the process at once, and then periodically. */
  add(watched: SampledProcess): void {
    try {
      const files = this.#open(watched.pid);
      this.#files.set(watched, files);
      this.#look(watched, files);
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
    closeSync(files.cpu);
    if (this.#files.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #open(pid: number): Files {
    const statm = openSync(`/proc/${pid}/statm`, "r");
    try {
      return { statm, cpu: openSync(this.#clock.file(pid), "r") };
    } catch (error) {
      closeSync(statm);
      throw error;
    }
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

  #look(watched: SampledProcess, { statm, cpu }: Files): void {
    const residentBytes = Number(this.#read(statm).split(" ")[1]) * this.#pageBytes;
    const cpuMs = this.#clock.milliseconds(this.#read(cpu));
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
