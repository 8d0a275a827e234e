import { cleanText } from "@pyisolate/policy";

import type { FarEnd, FarEndState } from "../far-end.ts";
import type { LossReason } from "../semconv.ts";

/** Longest explanation of a failure, in UTF-16 code units: a backend's answer may be of any length. */
const MAX_WHY = 300;

/**
 * What whoever exports log records says of it, and what the ledger and the health of recorders are made from. Told as early
 * as it is known: a first failed attempt is `failing`, though retries follow. Nothing on it throws.
 */
export class ExportWatch implements FarEnd {
  readonly #lost: Partial<Record<LossReason, number>> = {};
  #exported = 0;
  #failing: FarEndState["failing"];
  #unclaimed = new Map<LossReason, number>();

  get state(): FarEndState {
    return { exported: this.#exported, lost: { ...this.#lost }, failing: this.#failing };
  }

  /** So many records have arrived at the far end. */
  exported(count: number): void {
    this.#exported += count;
  }

  /** So many records will never arrive. */
  lost(count: number, reason: LossReason): void {
    if (!(count > 0)) return;
    this.#lost[reason] = (this.#lost[reason] ?? 0) + count;
    this.#unclaimed.set(reason, (this.#unclaimed.get(reason) ?? 0) + count);
  }

  /** An attempt has failed, or nothing has been heard for too long. */
  failing(error: unknown): void {
    const why = cleanText(error instanceof Error ? error.message : String(error), MAX_WHY);
    this.#failing = { since: this.#failing?.since ?? Date.now(), why };
  }

  /** Records get out again. */
  recovered(): void {
    this.#failing = undefined;
  }

  claimLost(): ReadonlyMap<LossReason, number> {
    const claimed = this.#unclaimed;
    if (claimed.size > 0) this.#unclaimed = new Map();
    return claimed;
  }
}
