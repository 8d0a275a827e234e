import { cleanText } from "@pyisolate/policy/events";

import type { Failure } from "../../health.ts";
import type { ProviderExporter, ExporterState } from "../../provider-link.ts";
import type { LossReason } from "../../semconv.ts";
import { messageOf } from "../error-text.ts";
import type { BatchReceipts } from "./batch-receipts.ts";

/** Longest explanation of a failure, in UTF-16 code units: a server's answer may have any length. */
const MAX_WHY = 300;

/**
 * What became of the records, or counts, of one provider, as its exporter reports it. The receipts of records settle here, and
 * a recorder's health comes from it. A failure is reported with the first failed attempt, though retries follow. No method
 * throws.
 */
export class ExporterStatus implements ProviderExporter {
  readonly #what: string;
  readonly #off: boolean;
  readonly #lost: Partial<Record<LossReason, number>> = {};
  #exported = 0;
  #lastLoss: string | undefined;
  #failing: Failure | undefined;
  #spoolFailing: Failure | undefined;

  /**
   * @param what Begins an explanation, if it does not say by itself what is exported.
   * @param off Whether nothing is exported, as the options say.
   */
  constructor({ what = "", off = false } = {}) {
    this.#what = what;
    this.#off = off;
  }

  get state(): ExporterState {
    return {
      exported: this.#exported,
      lost: { ...this.#lost },
      lastLoss: this.#lastLoss,
      failing: this.#failing,
      spoolFailing: this.#spoolFailing,
      off: this.#off,
    };
  }

  /** The server has taken all records of the batch. */
  exported(receipts: BatchReceipts): void {
    this.#exported += receipts.records;
    receipts.settle("arrived");
  }

  /** No record of the batch will ever arrive. @param why What the server said of it. */
  lost(receipts: BatchReceipts, reason: LossReason, why?: string): void {
    if (receipts.records === 0) return;
    this.#lastLoss = why === undefined ? reason : cleanText(`${reason}: ${why}`, MAX_WHY);
    this.#lost[reason] = (this.#lost[reason] ?? 0) + receipts.records;
    receipts.settle(reason);
  }

  /** An attempt has failed, or has had no answer for too long. */
  failing(error: unknown): void {
    this.#failing = this.#failure(this.#failing, error);
  }

  /** An attempt has succeeded. */
  recovered(): void {
    this.#failing = undefined;
  }

  /** Records wait in memory, because the spool cannot be written or read. */
  spoolFailing(error: unknown): void {
    this.#spoolFailing = this.#failure(this.#spoolFailing, `spool: ${messageOf(error)}`);
  }

  spoolRecovered(): void {
    this.#spoolFailing = undefined;
  }

  #failure(before: Failure | undefined, error: unknown): Failure {
    const why = cleanText(`${this.#what}${messageOf(error)}`, MAX_WHY);
    const now = Date.now();
    // Never later than now: if the clock is set back, a failure would not count as `blind` for as long.
    return { since: Math.min(before?.since ?? now, now), why };
  }
}
