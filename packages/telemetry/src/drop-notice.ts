import type { Books } from "./books.ts";
import { recordsDroppedLogRecord, type ToldDropReason } from "./log-record.ts";
import type { LogOutlet } from "./log-outlet.ts";

/** Says in the stream itself what is missing from it. */
export class DropNotice {
  readonly #outlet: LogOutlet;
  readonly #books: Books;
  #told: Readonly<Record<ToldDropReason, number>> = NOTHING;

  constructor(outlet: LogOutlet, books: Books) {
    this.#outlet = outlet;
    this.#books = books;
  }

  /** Emits what was dropped since the last time, if anything. @returns whether it did. */
  emit(): boolean {
    const { ring_full, emit_failed, invalid, shutdown } = this.#books.total.dropped;
    const now = { ring_full, emit_failed, invalid, shutdown };
    const since = {
      ring_full: ring_full - this.#told.ring_full,
      emit_failed: emit_failed - this.#told.emit_failed,
      invalid: invalid - this.#told.invalid,
      shutdown: shutdown - this.#told.shutdown,
    };
    if (Object.values(since).every((count) => count === 0)) return false;
    try {
      const record = recordsDroppedLogRecord(since, Date.now());
      if (!this.#outlet.wants(record)) return false;
      this.#outlet.emit(record);
      this.#told = now;
      return true;
    } catch {
      // Told again, with what comes, at the end of the next window.
      return false;
    }
  }
}

const NOTHING = { ring_full: 0, emit_failed: 0, invalid: 0, shutdown: 0 };
