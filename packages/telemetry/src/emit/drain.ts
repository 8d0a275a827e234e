import { setImmediate as turn } from "node:timers/promises";

import { context, ROOT_CONTEXT, type LogRecord } from "@opentelemetry/api";

import type { RecordQueue } from "../queue/record-queue.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import { DroppedRecords } from "./dropped-records.ts";
import type { Cell } from "../cells/cell.ts";
import type { Emitter } from "./emitter.ts";
import type { MeterBinding } from "../metrics/meter-binding.ts";
import type { LoggerBinding } from "./logger-binding.ts";

/**
 * Records emitted before the provider is given time to catch up: the SDK's export batch. Its processor keeps 2048 more and
 * drops the rest without a word, so this pace is what makes a burst arrive whole.
 */
const CHUNK = 512;

/** A window, milliseconds: how long a burst counts before its record goes out, and what a record budget is for. */
const WINDOW = 1000;

/** Records besides denials and ends of cells that may wait: nobody loads policies as fast as that. */
const MAX_ANNOUNCEMENTS = 64;

/** Longest wait for a provider's flush, milliseconds: the SDK's own bound for one export. */
const FLUSH_TIMEOUT = 30_000;

/** When the backlog becomes log records: off the path of whoever is denied. One run at a time, a chunk a turn. */
export class Drain {
  readonly #queue: RecordQueue<Cell>;
  readonly #logger: LoggerBinding;
  readonly #ledgers: Ledgers<Cell>;
  readonly #emitter: Emitter;
  readonly #meter: MeterBinding;
  readonly #droppedRecords: DroppedRecords;
  #scheduled = false;
  #ended = false;
  /** Whether bursts are wanted before their window ends. */
  #hurried = false;
  #window: NodeJS.Timeout | undefined;
  #announcements: LogRecord[] = [];
  #running: Promise<void> | undefined;
  /** Records emitted since the provider last had time to catch up. */
  #unpaced = 0;

  constructor(
    queue: RecordQueue<Cell>,
    logger: LoggerBinding,
    ledgers: Ledgers<Cell>,
    emitter: Emitter,
    meter: MeterBinding,
  ) {
    this.#queue = queue;
    this.#logger = logger;
    this.#ledgers = ledgers;
    this.#emitter = emitter;
    this.#meter = meter;
    this.#droppedRecords = new DroppedRecords(logger, ledgers.total, () => {
      if (!this.#ended) this.schedule();
    });
  }

  /** Sees to it that a run will follow. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#window ??= setTimeout(this.#endWindow, WINDOW).unref();
    setImmediate(this.#start);
  }

  /** A record that tells of no denial. Where too many wait already, the counters tell it alone. */
  announce(record: LogRecord): void {
    if (this.#announcements.length >= MAX_ANNOUNCEMENTS) return;
    this.#announcements.push(record);
    this.schedule();
  }

  /** Resolves when every denial has its record, and every end of a cell that is known whole. */
  async finish(): Promise<void> {
    this.#hurried = true;
    try {
      while (this.#running !== undefined || this.#hasMore()) await this.#run();
    } finally {
      this.#hurried = false;
    }
  }

  /** Whether ends of cells wait: for their records, or to be told at all. */
  get hasClosedCells(): boolean {
    return this.#queue.hasClosedCells;
  }

  /** As {@link finish}, with every end of a cell. @returns whether there was one left. */
  async finishClosedCells(): Promise<boolean> {
    if (!this.hasClosedCells) return false;
    this.#queue.hurryClosedCells();
    await this.finish();
    return true;
  }

  /** Drops what is left, and says so. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#window);
    this.#queue.releaseBursts();
    for (const queued of this.#queue.take(Number.POSITIVE_INFINITY)) {
      if (queued.kind === "burst") this.#ledgers.drop(queued.cell, queued.count, "shutdown");
      else if (queued.kind === "denial") this.#ledgers.drop(queued.cell, 1, "shutdown");
    }
    this.#droppedRecords.emit();
  }

  // Whoever was denied first must not become the parent of the exporter's own spans.
  readonly #start = (): void => {
    this.#scheduled = false;
    void context.with(ROOT_CONTEXT, async () => {
      await this.#run();
    });
  };

  readonly #endWindow = (): void => {
    this.#window = undefined;
    this.#queue.nextWindow();
    if (this.#droppedRecords.emit()) this.#unpaced += 1;
    // What is denied from now on opens the next one.
    if (this.#queue.size > 0) this.schedule();
  };

  async #run(): Promise<void> {
    this.#running ??= this.#pump().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #pump(): Promise<void> {
    while (this.#hasMore()) {
      for (const record of this.#announcements.splice(0)) {
        this.#unpaced += this.#emitter.announce(() => record);
      }
      for (const queued of this.#queue.take(CHUNK)) this.#unpaced += this.#emitter.emit(queued);
      this.#meter.flush();
      if (this.#unpaced >= CHUNK) {
        this.#unpaced = 0;
        if (this.#logger.canFlush) {
          await this.#pace();
          continue;
        }
      }
      if (this.#hasMore()) await turn();
    }
  }

  // In an outage what is denied coalesces here, and is not lost there for want of room.
  async #pace(): Promise<void> {
    const patience = { timeout: FLUSH_TIMEOUT, keepAlive: false };
    while (!this.#ended && !(await this.#logger.pace(patience)));
  }

  #hasMore(): boolean {
    if (this.#hurried) this.#queue.releaseBursts();
    return this.#queue.isReady || this.#announcements.length > 0;
  }
}
