import { setImmediate as turn } from "node:timers/promises";

import { context, ROOT_CONTEXT, type Context, type LogRecord } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { Backlog, BacklogReader } from "./backlog.ts";
import type { Books } from "./books.ts";
import type { Burst } from "./bursts.ts";
import type { Cell } from "./cells.ts";
import { DropNotice } from "./drop-notice.ts";
import { cellClosedLogRecord, denialLogRecord, type BurstTail } from "./log-record.ts";
import type { LogOutlet } from "./log-outlet.ts";
import type { Notice } from "./notices.ts";
import type { Redactor } from "./redactor.ts";
import { EVENTS } from "./semconv.ts";
import { denialSeverity } from "./severity.ts";

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

/** Turns the backlog into log records, off the path of whoever is denied. One run at a time, a chunk a turn. */
export class Drain implements BacklogReader {
  readonly #backlog: Backlog;
  readonly #outlet: LogOutlet;
  readonly #books: Books;
  readonly #redactor: Redactor;
  readonly #afterChunk: () => void;
  readonly #dropNotice: DropNotice;
  #scheduled = false;
  #ended = false;
  /** Whether bursts are wanted before their window ends. */
  #hurried = false;
  #window: NodeJS.Timeout | undefined;
  #announcements: LogRecord[] = [];
  #running: Promise<void> | undefined;
  #unflushed = 0;

  /** @param afterChunk is called when a chunk has been emitted; must not throw. */
  constructor(
    backlog: Backlog,
    outlet: LogOutlet,
    books: Books,
    redactor: Redactor,
    afterChunk: () => void,
  ) {
    this.#backlog = backlog;
    this.#outlet = outlet;
    this.#books = books;
    this.#redactor = redactor;
    this.#afterChunk = afterChunk;
    this.#dropNotice = new DropNotice(outlet, books, () => {
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
  get hasNotices(): boolean {
    return this.#backlog.hasNotices;
  }

  /** As {@link finish}, with every end of a cell. @returns whether there was one left. */
  async finishNotices(): Promise<boolean> {
    if (!this.hasNotices) return false;
    this.#backlog.hurryNotices();
    await this.finish();
    return true;
  }

  /** Drops what is left, and says so. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#window);
    this.#backlog.releaseBursts();
    this.#backlog.take(Number.POSITIVE_INFINITY, {
      burst: ({ cell, count }) => {
        this.#books.drop(cell, count, "shutdown");
      },
      event: (_event, _context, cell) => {
        this.#books.drop(cell, 1, "shutdown");
      },
      notice: () => {},
    });
    this.#dropNotice.emit();
  }

  burst({ cell, first, last, count, context, sample }: Burst): void {
    this.#emit(first, context, cell, count, () => ({ count, last, sample: sample.events }));
  }

  event(event: DenialEvent, context: Context, cell: Cell): void {
    this.#emit(event, context, cell, 1, () => undefined);
  }

  notice({ totals, cell, context, time }: Notice): void {
    try {
      const ledger = cell.account.read(cell.closedAt);
      const record = cellClosedLogRecord(totals, ledger, time, context);
      if (!this.#outlet.wants(record)) return;
      this.#outlet.emit(record);
      this.#unflushed += 1;
    } catch {
      // The ledger is of denials; a cell's end that cannot be told is in its own denials' records.
    } finally {
      cell.closedAt = cell.account.read();
    }
  }

  #emit(
    event: DenialEvent,
    context: Context,
    cell: Cell,
    count: number,
    tail: () => BurstTail | undefined,
  ): void {
    try {
      const eventName = EVENTS.denial.name;
      // Asked before the record is built: one that nobody wants costs next to nothing.
      if (!this.#outlet.wants({ eventName, severityNumber: denialSeverity(event), context })) {
        this.#books.drop(cell, count, "disabled");
        return;
      }
      const record = denialLogRecord(event, context, tail(), this.#redactor.target);
      if (this.#outlet.emit(record, { claim: cell.claim, denials: count })) this.#unflushed += 1;
      else this.#books.drop(cell, count, "disabled");
    } catch {
      this.#books.drop(cell, count, "emit_failed");
    }
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
    this.#backlog.nextWindow();
    if (this.#dropNotice.emit()) this.#unflushed += 1;
    // What is denied from now on opens the next one.
    if (this.#backlog.size > 0) this.schedule();
  };

  async #run(): Promise<void> {
    this.#running ??= this.#pump().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #pump(): Promise<void> {
    while (this.#hasMore()) {
      this.#announce();
      this.#backlog.take(CHUNK, this);
      this.#afterChunk();
      if (this.#unflushed >= CHUNK) {
        this.#unflushed = 0;
        if (this.#outlet.canFlush) {
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
    while (!this.#ended && !(await this.#outlet.pace(patience)));
  }

  #hasMore(): boolean {
    if (this.#hurried) this.#backlog.releaseBursts();
    return this.#backlog.isReady || this.#announcements.length > 0;
  }

  #announce(): void {
    for (const record of this.#announcements.splice(0)) {
      try {
        if (!this.#outlet.wants(record)) continue;
        this.#outlet.emit(record);
        this.#unflushed += 1;
      } catch {
        // What it tells is counted too.
      }
    }
  }
}
