import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";

import type { Sandbox, Supervisor } from "@pyisolate/sandbox-core";

import type { CellBooks } from "./cell-books.ts";
import { asSource, type Script } from "./script.ts";

/** What a call into a taken cell may take beyond its wall limit until it is settled, milliseconds, on a busy machine. */
const MAX_LATE_MS = 20_000;

/** The errors of a call that are documented; `GuestError` and `ClosedError` are the copy's own. */
const DOCUMENTED = new Set(["PolicyError", "GuestError", "ClosedError"]);

/** Who reads the messages of a taken cell. */
const READERS = ["none", "eager", "slow"] as const;

/** Cells that are taken over: as many as there are scripts at a time, each used until the host ends it. */
export class TakenCells {
  readonly #supervisor: Supervisor;
  readonly #books: CellBooks;
  readonly #slots: (Sandbox | undefined)[] = [];
  #sources: readonly string[] = [];
  #spawned = 0;
  readonly outcomes = new Map<string, number>();

  constructor(supervisor: Supervisor, books: CellBooks) {
    this.#supervisor = supervisor;
    this.#books = books;
  }

  /** How many cells there were. */
  get spawned(): number {
    return this.#spawned;
  }

  /**
   * Starts what is missing of a cell for each script, one after the other, and writes the scripts as programs: that is work of
   * the host that no cell causes.
   */
  async prepare(scripts: readonly Script[]): Promise<void> {
    this.#sources = scripts.map(asSource);
    for (let slot = 0; slot < scripts.length; slot++) {
      if (this.#slots[slot]?.closed === true) await this.#retire(slot);
      this.#slots[slot] ??= await this.#spawn();
    }
  }

  /** Plays the scripts that were prepared, each in a cell of its own, all at once. */
  async play(): Promise<void> {
    const played: Promise<void>[] = [];
    for (const [slot, source] of this.#sources.entries()) {
      const one = this.#playIn(slot, source);
      one.catch(() => undefined);
      played.push(one);
      // To send a long program is the host's work too.
      await nextTurn();
    }
    for (const outcome of await Promise.allSettled(played))
      if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Ends all cells; then nothing of them may be left. */
  async end(): Promise<void> {
    await Promise.all(this.#slots.map(async (_cell, slot) => await this.#retire(slot)));
  }

  async #playIn(slot: number, source: string): Promise<void> {
    const cell = this.#slots[slot];
    assert.ok(cell !== undefined, "prepared");
    const call = source.length % 2 === 0 ? cell.exec(source) : cell.call(source);
    const outcome = await Promise.race([
      call.then(
        () => "value",
        (error: unknown) => nameOf(error) + ruleOf(error),
      ),
      late(),
    ]);
    assert.ok(
      outcome === "value" || DOCUMENTED.has(outcome.replace(/ .*/, "")),
      `a call ended with ${outcome}`,
    );
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (cell.closed) await this.#retire(slot);
  }

  async #spawn(): Promise<Sandbox> {
    this.#spawned += 1;
    const cell = await this.#supervisor.spawn(`taken ${this.#spawned}`, {
      onConsole: () => undefined,
    });
    const reader = READERS[this.#spawned % READERS.length];
    if (reader !== "none") void read(cell, reader === "slow" ? 10 : 0);
    return cell;
  }

  async #retire(slot: number): Promise<void> {
    const cell = this.#slots[slot];
    if (cell === undefined) return;
    this.#slots[slot] = undefined;
    const ended = await Promise.race([cell.close().then(() => "ended"), late()]);
    assert.equal(ended, "ended", "a cell's end");
    this.#books.settle(cell.name, cell.stats);
  }
}

async function read(cell: Sandbox, pauseMs: number): Promise<void> {
  const messages = cell.messages();
  // Not beyond the cell's end: what a reader has not read yet is held for it.
  while (!cell.closed) {
    try {
      // A message that cannot be read is the reader's to know; the next one can.
      if ((await messages.next()).done === true) return;
    } catch (error) {
      if (!DOCUMENTED.has(nameOf(error))) throw error;
    }
    if (pauseMs > 0)
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** The rule of a denial, so that the tally tells what ended the cells. */
function ruleOf(error: unknown): string {
  const event = (error as { denialEvent?: { policyRule: string } } | null)?.denialEvent;
  return event === undefined ? "" : ` ${event.policyRule}`;
}

async function late(): Promise<string> {
  return await new Promise((resolve) => {
    setTimeout(() => resolve("nothing, for too long"), MAX_LATE_MS).unref();
  });
}
