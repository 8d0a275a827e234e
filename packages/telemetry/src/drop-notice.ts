import type { Books } from "./books.ts";
import type { Claim } from "./far-end.ts";
import { droppedSince, droppedTotal, type Dropped } from "./ledger.ts";
import { recordsDroppedLogRecord } from "./records/lifecycle-records.ts";
import type { LogOutlet } from "./log-outlet.ts";

/** Says in the stream itself what is missing from it. */
export class DropNotice {
  readonly #outlet: LogOutlet;
  readonly #books: Books;
  readonly #again: () => void;
  #told: Dropped = {};

  /** @param again is called when one was lost like those that it told of, and is to be told again. */
  constructor(outlet: LogOutlet, books: Books, again: () => void) {
    this.#outlet = outlet;
    this.#books = books;
    this.#again = again;
  }

  /** Emits what was dropped since the last time, if anything. @returns whether it did. */
  emit(): boolean {
    const now = { ...this.#books.total.dropped };
    // That nobody wants records is no news in a stream that nobody reads.
    const { disabled: _, ...since } = droppedSince(now, this.#told);
    if (droppedTotal(since) === 0) return false;
    const before = this.#told;
    try {
      const record = recordsDroppedLogRecord(since, Date.now());
      if (!this.#outlet.wants(record)) return false;
      // Before it is emitted: it may be lost at once.
      this.#told = now;
      if (this.#outlet.emit(record, { claim: this.#claim(since), denials: 0 })) return true;
    } catch {
      // Told again, with what comes, at the end of the next window.
    }
    this.#told = before;
    return false;
  }

  #claim(since: Dropped): Claim {
    return {
      settle: (fate) => {
        if (fate === "arrived") return;
        this.#untell(since);
        this.#again();
      },
    };
  }

  #untell(since: Dropped): void {
    this.#told = droppedSince(this.#told, since);
  }
}
