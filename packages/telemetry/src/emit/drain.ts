import { setImmediate as nextTurn } from "node:timers";
import { setImmediate as turn } from "node:timers/promises";

import { context, ROOT_CONTEXT, type Context, type LogRecord } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { Cell } from "../cells/cell.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import type { EventSeries } from "../metrics/event-series.ts";
import type { MeterBinding } from "../metrics/meter-binding.ts";
import { monotonic } from "./monotonic-clock.ts";
import type { SyncDisk } from "../provider-link.ts";
import type { RecordQueue } from "../queue/record-queue.ts";
import type { QueuedDenial } from "../queue/ring-buffer.ts";
import { DroppedRecords } from "./dropped-records.ts";
import type { Emitter } from "./emitter.ts";
import type { LoggerBinding } from "./logger-binding.ts";

/**
 * Records emitted before the provider is given time to catch up: the SDK's export batch. Its processor queues 2048 and drops
 * the rest silently, so without this pause a burst would not arrive whole.
 */
const CHUNK = 512;

/**
 * After so many milliseconds no further record is made in a turn: half of what a turn may last, because the last one may be slow. A
 * logger, a redaction of the host's own or a disk may take a hundred times as long as usual.
 */
const TURN = 10;

/** A window, milliseconds: how long a burst counts before its record is emitted, and for how long a record budget is. */
const WINDOW = 1000;

/** Most announcements that wait. A host does not load policies fast enough to fill this. */
const MAX_ANNOUNCEMENTS = 64;

/** Longest wait for a provider's flush, milliseconds: the SDK's own bound for one export. */
const FLUSH_TIMEOUT = 30_000;

/** Empties the queue into the emitter, in turns of its own: the refused call does not wait for it. One run at a time, a chunk or {@link TURN} a turn. */
export class Drain {
  readonly #queue: RecordQueue<Cell>;
  readonly #logger: LoggerBinding;
  readonly #ledgers: Ledgers<Cell>;
  readonly #emitter: Emitter;
  readonly #meter: MeterBinding;
  readonly #droppedRecords: DroppedRecords;
  #scheduled = false;
  #ended = false;
  #window: NodeJS.Timeout | undefined;
  /** The function that set the window's timer. */
  #setter: typeof setTimeout | undefined;
  #announcements: LogRecord[] = [];
  #running: Promise<void> | undefined;
  /** Records emitted since the provider last had time to catch up. */
  #unpaced = 0;
  #atOnce = false;

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

  /** Has a run begin in the next turn. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#openWindow();
    // Use Node's own timer: a service's tests may have replaced the global one, and never run what it was given.
    nextTurn(this.#start);
  }

  /** Writes a denial's record to disk at once with `durability: "sync"`. Otherwise queues it, or drops it if the queue is full. */
  take(event: DenialEvent, caller: Context, cell: Cell, series: EventSeries): void {
    const { disk } = this.#logger;
    const isEmitted =
      disk !== undefined &&
      this.#emitAtOnce({ kind: "denial", event, context: caller, cell }, disk);
    if (!isEmitted && !this.#queue.push(event, caller, cell, series)) {
      this.#ledgers.drop(cell, 1, "ring_full");
    }
    this.schedule();
  }

  /** Queues a record that stands for no denial. Discards it if too many wait: the counters say the same. */
  announce(record: LogRecord): void {
    if (this.#announcements.length >= MAX_ANNOUNCEMENTS) return;
    this.#announcements.push(record);
    this.schedule();
  }

  /** Resolves when every denial has its record, and every closed cell whose ledger is settled. */
  async finish(): Promise<void> {
    // Release bursts once only. A logger behind a guard may itself be denied something, so that each burst would cause the next.
    this.#queue.releaseBursts();
    while (this.#running !== undefined || this.#hasMore()) await this.#run();
  }

  /** Whether closed cells wait to be reported. */
  get hasClosedCells(): boolean {
    return this.#queue.hasClosedCells;
  }

  /** As {@link finish}, and reports every closed cell. @returns whether there was one. */
  async finishClosedCells(): Promise<boolean> {
    if (!this.hasClosedCells) return false;
    this.#queue.hurryClosedCells();
    await this.finish();
    return true;
  }

  /** As {@link finishClosedCells}, before it returns, and without waiting for the provider. */
  finishNow(): void {
    this.#queue.hurryClosedCells();
    this.#queue.releaseBursts();
    for (const record of this.#announcements.splice(0)) this.#emitter.announce(() => record);
    for (const queued of this.#queue.take(Number.POSITIVE_INFINITY)) this.#emitter.emit(queued);
  }

  /** Drops what is left, announcements without a word, and emits a record that says so. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#window);
    this.#announcements = [];
    this.#queue.releaseBursts();
    for (const queued of this.#queue.take(Number.POSITIVE_INFINITY)) {
      if (queued.kind === "burst") this.#ledgers.drop(queued.cell, queued.count, "shutdown");
      else if (queued.kind === "denial") this.#ledgers.drop(queued.cell, 1, "shutdown");
    }
    this.#droppedRecords.emit();
  }

  // In the root context: the exporter's own spans would otherwise become children of the first denied call's.
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
    // The next denial opens the next window.
    if (this.#queue.size > 0) this.schedule();
  };

  /** Never throws. @returns false if the record was not emitted and must be queued. */
  #emitAtOnce(denial: QueuedDenial<Cell>, disk: SyncDisk): boolean {
    // A logger or a redaction may itself be denied something while it runs, which must not begin the next write.
    if (this.#atOnce || !disk.takes) return false;
    this.#atOnce = true;
    let isEmitted = false;
    try {
      context.with(ROOT_CONTEXT, () => {
        isEmitted = true;
        this.#emitter.emit(denial);
        disk.write();
      });
    } catch {
      // A context manager threw. If it did so before the record was emitted, the caller queues the record.
    }
    this.#atOnce = false;
    return isEmitted;
  }

  /** A timer that was set by another `setTimeout` than the present one may never fire: a test has replaced the clock since. */
  #openWindow(): void {
    if (this.#window !== undefined && this.#setter === setTimeout) return;
    this.#setter = setTimeout;
    this.#window = setTimeout(this.#endWindow, WINDOW).unref();
  }

  async #run(): Promise<void> {
    this.#running ??= this.#pump().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #pump(): Promise<void> {
    while (this.#hasMore()) {
      this.#emitChunk();
      this.#meter.flush();
      if (this.#unpaced >= CHUNK || this.#logger.free === 0) {
        this.#unpaced = 0;
        if (this.#logger.canFlush) await this.#pace();
      }
      // Give the loop a turn even after a pause: if there was room at once, the pause gave none.
      if (this.#hasMore()) await turn();
    }
  }

  #emitChunk(): void {
    const end = monotonic() + TURN;
    // Keep what the exporter has no room for in the queue, where it coalesces. The exporter would lose it.
    const most = Math.max(Math.min(CHUNK - this.#unpaced, this.#logger.free), 0);
    const announcements = this.#announcements.splice(0, most);
    for (const record of announcements) this.#unpaced += this.#emitter.announce(() => record);
    for (const queued of this.#queue.take(most - announcements.length)) {
      this.#unpaced += this.#emitter.emit(queued);
      if (monotonic() > end) return;
    }
  }

  // Waits for room, without end in an outage: denials coalesce in the queue meanwhile, and the provider would lose them.
  async #pace(): Promise<void> {
    const wait = { timeout: FLUSH_TIMEOUT, keepAlive: false };
    while (!this.#ended && !(await this.#logger.pace(wait)));
  }

  #hasMore(): boolean {
    return this.#queue.isReady || this.#announcements.length > 0;
  }
}
