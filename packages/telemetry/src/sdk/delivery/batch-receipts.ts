import type { DeliveryOutcome, DeliveryReceipt } from "../../ledger/delivery-receipt.ts";

/** The receipts of a batch of records in their order, run-length encoded. */
export class BatchReceipts {
  #entries: Entry[] = [];
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

  /** Removes the first records and returns them as a batch. */
  takeFirst(records: number): BatchReceipts {
    const taken = new BatchReceipts();
    while (taken.#records < records) {
      const entry = this.#entries.shift();
      if (entry === undefined) break;
      this.#records -= entry.records;
      const over = Math.max(taken.#records + entry.records - records, 0);
      taken.#put({ ...entry, records: entry.records - over });
      if (over === 0) continue;
      this.#entries.unshift({ ...entry, records: over });
      this.#records += over;
    }
    return taken;
  }

  /**
   * Removes the last records and returns them as a batch. A server that refuses some records of a request does not say which:
   * the sums stay exact, but the last ones are a guess.
   */
  takeLast(records: number): BatchReceipts {
    const first = this.takeFirst(Math.max(this.#records - records, 0));
    const last = new BatchReceipts();
    [last.#entries, this.#entries] = [this.#entries, first.#entries];
    [last.#records, this.#records] = [this.#records, first.#records];
    return last;
  }

  /** Settles every receipt of the batch. */
  settle(outcome: DeliveryOutcome): void {
    for (const { owner, records, denials } of this.#entries)
      owner?.settle(outcome, records, records * denials);
  }

  #put(entry: Entry): void {
    this.#records += entry.records;
    const last = this.#entries.at(-1);
    if (last?.owner === entry.owner && last?.denials === entry.denials) {
      last.records += entry.records;
    } else {
      this.#entries.push(entry);
    }
  }
}

interface Entry {
  readonly owner: DeliveryReceipt["owner"] | undefined;
  records: number;
  /** That each of the records stands for. */
  readonly denials: number;
}
