import type { DeliveryOutcome, DeliveryReceipt } from "../../ledger/delivery-receipt.ts";

/** The receipts of a batch of records, run-length encoded by owner. */
export class BatchReceipts {
  readonly #entries: Entry[] = [];
  #records = 0;

  /** Records in the batch. */
  get records(): number {
    return this.#records;
  }

  /** Adds one record. A record of other instrumentation has no receipt. */
  add(receipt: DeliveryReceipt | undefined): void {
    this.#put({ owner: receipt?.owner, records: 1, denials: receipt?.denials ?? 0 });
  }

  /** Adds the records of another batch after those of this one. */
  append(other: BatchReceipts): void {
    for (const entry of other.#entries) this.#put({ ...entry });
  }

  /**
   * Removes the last records and returns them as a batch. A server that refuses some records of a request does not say which:
   * the sums stay exact, but the last ones are a guess.
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
        // Rounded so that what stays has at least one denial for each record, and what goes too.
        const stay = Math.max(Math.floor((entry.denials * over) / entry.records), 0);
        this.#put({ ...entry, records: over, denials: stay });
        taken.#put({ ...entry, records: entry.records - over, denials: entry.denials - stay });
      }
    }
    return taken;
  }

  /** Settles every receipt of the batch. */
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
