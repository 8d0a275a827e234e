import type { DeliveryOutcome, DeliveryReceipt } from "../../ledger/delivery-receipt.ts";

/** What goes with a batch of records: how many there are, and whose denials they tell. */
export class BatchReceipts {
  readonly #entries: Entry[] = [];
  #records = 0;

  /** Records that are on it. */
  get records(): number {
    return this.#records;
  }

  /** One more record; those of other instrumentation have no receipt. */
  add(receipt: DeliveryReceipt | undefined): void {
    this.#put({ owner: receipt?.owner, records: 1, denials: receipt?.denials ?? 0 });
  }

  /** What is on another one, after what is on this. */
  append(other: BatchReceipts): void {
    for (const entry of other.#entries) this.#put({ ...entry });
  }

  /**
   * Takes the last records off it. A far end that refuses some of a batch does not say which: every sum stays exact, whose
   * they were is a guess.
   */
  takeLast(records: number): BatchReceipts {
    const taken = new BatchReceipts();
    while (taken.#records < records) {
      const entry = this.#entries.pop();
      if (entry === undefined) break;
      this.#records -= entry.records;
      const over = taken.#records + entry.records - records;
      if (over <= 0) {
        taken.#put(entry);
      } else {
        // What stays has at least one denial for each record, as what goes has.
        const stay = Math.max(Math.floor((entry.denials * over) / entry.records), 0);
        this.#put({ ...entry, records: over, denials: stay });
        taken.#put({ ...entry, records: entry.records - over, denials: entry.denials - stay });
      }
    }
    return taken;
  }

  /** Tells everybody what became of all of it. */
  settle(outcome: DeliveryOutcome): void {
    for (const { owner, records, denials } of this.#entries)
      owner?.settle(outcome, records, denials);
  }

  #put(entry: Entry): void {
    this.#records += entry.records;
    const last = this.#entries.at(-1);
    if (last !== undefined && last.owner === entry.owner) {
      last.records += entry.records;
      last.denials += entry.denials;
    } else {
      this.#entries.push(entry);
    }
  }
}

interface Entry {
  readonly owner: DeliveryReceipt["owner"] | undefined;
  records: number;
  denials: number;
}
