// Node's own timers, also where a service's tests have replaced the global ones: what the tests took away would never run.
import { clearInterval, setInterval } from "node:timers";

import type { SyncDisk } from "../../provider-link.ts";
import type { LossReason } from "../../semconv.ts";
import type { BatchReceipts } from "../delivery/batch-receipts.ts";
import type { Spool } from "../spool/spool.ts";
import { recordsOf, type Emitted } from "./emitted-record.ts";
import { requestOf } from "./log-exporter.ts";
import { spoolWhatFits } from "./spool-what-fits.ts";

/** How often the spool's folder is searched for what ended processes have left, milliseconds. */
const ADOPT_EVERY = 30_000;

/** How often records that wait in memory are tried on disk, and a disk that failed is tried again, milliseconds. */
const UNLOAD_EVERY = 1000;

/** Writes emitted records to the spool. */
export class SpoolWriter {
  readonly #spool: Spool;
  readonly #adopt: () => void;
  readonly #timers: readonly NodeJS.Timeout[];

  /** @param on `found` is called when there may be something to send; `unload` when what waits in memory is to be tried on disk. */
  constructor(spool: Spool, on: { readonly found: () => void; readonly unload: () => void }) {
    this.#spool = spool;
    this.#adopt = () => {
      spool.adopt();
      if (!spool.isEmpty) on.found();
    };
    this.#timers = [
      setInterval(this.#adopt, ADOPT_EVERY).unref(),
      setInterval(on.unload, UNLOAD_EVERY).unref(),
    ];
  }

  /** Writes the records as one request. @returns why they are not on disk; undefined if they are. */
  write(records: readonly Emitted[], receipts: BatchReceipts): LossReason | undefined {
    try {
      return this.#spool.append(requestOf(recordsOf(records)), receipts);
    } catch {
      // One record cannot be serialized, so the whole write fails. The records go into the queue in memory: its batches are
      // smaller, so fewer good records share one with the bad one.
      return "export_failed";
    }
  }

  /** Writes as many of the records as have room, at once. @returns the receipts of the others. */
  save(records: readonly Emitted[], receipts: BatchReceipts): BatchReceipts {
    this.#spool.hurry();
    return spoolWhatFits(records, receipts, (some, theirs) => this.write(some, theirs));
  }

  /** Tries a disk that has failed, for when there is nothing to write by which its recovery would be noticed. */
  tryAgain(): void {
    if (this.#spool.isFailing) this.#adopt();
  }

  /** The spool as a disk to which denials are written before their callers are answered; undefined unless it is synced. */
  syncDisk(write: () => void): SyncDisk | undefined {
    const spool = this.#spool;
    if (!spool.isSync) return undefined;
    return {
      write,
      get takes() {
        return spool.takes;
      },
    };
  }

  /** Ends looking after the spool. It can still be written. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
