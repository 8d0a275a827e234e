import { readdirSync, statSync } from "node:fs";

import type { IncomingFrame } from "../frame-reader.ts";
import { encodeNarrow, NARROWED_IN_PART } from "../frames.ts";
import type { CellKernel, Narrower } from "./cell-kernel.ts";
import { WireError } from "./channel/wire.ts";
import type { CellProcess } from "./process/cell-process.ts";

/** How long a reload waits for a cell, milliseconds. An idle cell takes a few, the first time some more for its addon. */
const WAIT_MS = 1000;

/** After so long without an answer, the operator is told, milliseconds. A cell whose guest computes answers when that is over. */
const SILENT_MS = 10_000;

/** How often the threads are listed anew because others have come to be. In our own cells, those inherit from their makers. */
const MAX_ROUNDS = 8;

/** `MAX_THREADS` of packages/launcher/src/narrow/threads.h. */
const MAX_THREADS = 1024;

/** The errno at the most layers of one process, 16. */
const E2BIG = 7;

interface Attempt {
  readonly narrower: Narrower;
  readonly options: readonly string[];
  /** Threads that are restricted. */
  readonly done: Set<number>;
  /** Threads that the cell is restricting. */
  asked: readonly number[];
  rounds: number;
}

/**
 * Has a live cell give up what its policy has taken away, in each of its threads. The host lists the threads, since a confined
 * cell may not; the cell restricts them. One plan is under way at a time. Of those that come meanwhile only the newest is put on
 * top, because a process can have 16 layers.
 */
export class Narrowing {
  readonly #name: string;
  readonly #process: Pick<CellProcess, "pid" | "send">;
  readonly #kernel: CellKernel;
  #attempt: Attempt | undefined;
  #number = 0;
  #isOvertaken = false;
  #hasEnded = false;
  #hasTold = false;
  #silence: NodeJS.Timeout | undefined;
  #settled = Promise.withResolvers<void>();

  constructor(name: string, process: Pick<CellProcess, "pid" | "send">, kernel: CellKernel) {
    this.#name = name;
    this.#process = process;
    this.#kernel = kernel;
  }

  /** Another policy is in force. Resolves when the cell has given up what it must, or has failed to, or after a second. */
  async apply(): Promise<void> {
    if (this.#hasEnded) return;
    if (this.#attempt === undefined) this.#begin();
    else this.#isOvertaken = true;
    if (this.#attempt === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, WAIT_MS);
    await Promise.race([promise, this.#settled.promise]);
    clearTimeout(timer);
  }

  /** Takes the cell's answer. Throws for one that our own cell code never sends. */
  receive({ id, body }: IncomingFrame): void {
    const attempt = this.#attempt;
    if (attempt === undefined || id !== this.#number || body.length !== 4)
      throw new WireError("an answer to no narrowing");
    const outcome = body.readUInt32LE(0);
    if (outcome === 0) {
      for (const thread of attempt.asked) attempt.done.add(thread);
      this.#round(attempt);
      return;
    }
    const errno = outcome % NARROWED_IN_PART;
    const why =
      errno === E2BIG ? "it has as many Landlock layers as Linux lets it have" : `errno ${errno}`;
    this.#fail(attempt, why, outcome >= NARROWED_IN_PART || attempt.rounds > 1);
  }

  /** The cell has ended. */
  end(): void {
    this.#hasEnded = true;
    this.#isOvertaken = false;
    this.#finish();
  }

  #begin(): void {
    const narrower = this.#kernel.narrower();
    if (narrower === undefined) return;
    let options: readonly string[];
    try {
      options = narrower.options();
    } catch (error) {
      this.#tell((error as RangeError).message);
      return;
    }
    this.#settled = Promise.withResolvers<void>();
    this.#kernel.begin(narrower);
    this.#attempt = { narrower, options, done: new Set(), asked: [], rounds: 0 };
    this.#silence = setTimeout(
      () => this.#tell(`it has not answered for ${SILENT_MS / 1000} s`),
      SILENT_MS,
    ).unref();
    this.#round(this.#attempt);
  }

  /** Asks for the threads that are not restricted; once there are none, the plan holds for the whole process. */
  #round(attempt: Attempt): void {
    const { pid } = this.#process;
    const hasBegun = attempt.rounds > 0;
    const threads = threadsOf(pid);
    if (threads === undefined) {
      this.#fail(attempt, "its threads cannot be listed", hasBegun);
      return;
    }
    // The main thread first: what it starts from then on is restricted.
    const open = threads
      .filter((thread) => !attempt.done.has(thread))
      .toSorted((a, b) => Number(b === pid) - Number(a === pid));
    if (open.length === 0) {
      this.#kernel.end(attempt.narrower, "all");
      this.#finish();
      return;
    }
    if (attempt.rounds >= MAX_ROUNDS || open.length > MAX_THREADS) {
      this.#fail(attempt, "it starts threads all the time", hasBegun);
      return;
    }
    attempt.rounds += 1;
    attempt.asked = open;
    this.#number += 1;
    const { writable } = attempt.narrower;
    this.#process.send(
      encodeNarrow(this.#number, {
        ...(writable === undefined ? {} : { writable }),
        threads: open,
        options: attempt.options,
      }),
    );
  }

  #fail({ narrower }: Attempt, why: string, hasBegun: boolean): void {
    this.#kernel.end(narrower, hasBegun ? "some" : "none");
    this.#tell(why);
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#silence);
    this.#attempt = undefined;
    const { resolve } = this.#settled;
    if (this.#isOvertaken) {
      this.#isOvertaken = false;
      this.#begin();
    }
    const next = this.#settled;
    if (this.#attempt === undefined) resolve();
    // A reload that waits for the plan before this one waits for this one too.
    else void next.promise.then(resolve);
  }

  /** Tells the operator, once for each cell. */
  #tell(why: string): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    process.emitWarning(
      `The kernel still grants the cell ${this.#name} (process ${this.#process.pid}) what its policy has taken away: ${why}. The broker refuses it. Close the cell and spawn it again to have both.`,
      { type: "PyIsolateWarning", code: "PYISOLATE_STALE_CELL" },
    );
  }
}

/** The ids of a process's threads, all of them; undefined if they cannot be listed. */
function threadsOf(pid: number): readonly number[] | undefined {
  const folder = `/proc/${pid}/task`;
  for (let tries = 0; tries < MAX_ROUNDS; tries++) {
    try {
      const threads = readdirSync(folder).map(Number);
      // A list may lack a thread if another one ended while it was read. The kernel counts one link for each, and two more.
      if (statSync(folder).nlink - 2 === threads.length) return threads;
    } catch {
      return undefined;
    }
  }
  return undefined;
}
