import type { Books } from "./books.ts";
import { droppedSince, droppedTotal, type Dropped } from "./ledger.ts";
import { recordsDroppedLogRecord } from "./log-record.ts";
import type { LogOutlet } from "./log-outlet.ts";

/** Says in the stream itself what is missing from it. */
export class DropNotice {
  readonly #outlet: LogOutlet;
  readonly #books: Books;
  #told: Dropped = {};

  constructor(outlet: LogOutlet, books: Books) {
    this.#outlet = outlet;
    this.#books = books;
  }

  /** Emits what was dropped since the last time, if anything. @returns whether it did. */
  emit(): boolean {
    const now = { ...this.#books.total.dropped };
    // That nobody wants records is no news in a stream that nobody reads.
    const { disabled: _, ...since } = droppedSince(now, this.#told);
    if (droppedTotal(since) === 0) return false;
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
