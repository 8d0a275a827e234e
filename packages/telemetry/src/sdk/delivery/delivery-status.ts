import { cleanText } from "@pyisolate/policy";

import type { ProviderExporter, DeliveryState } from "../../provider-link.ts";
import type { LossReason } from "../../semconv.ts";
import type { BatchReceipts } from "./batch-receipts.ts";

/** Longest explanation of a failure, in UTF-16 code units: a backend's answer may be of any length. */
const MAX_WHY = 300;

/**
 * What whoever exports says of it, and what the ledger and the health of recorders are made from. Told as early as it is
 * known: a first failed attempt is `failing`, though retries follow. Nothing on it throws.
 */
export class DeliveryStatus implements ProviderExporter {
  readonly #what: string;
  readonly #off: boolean;
  readonly #lost: Partial<Record<LossReason, number>> = {};
  #exported = 0;
  #failing: DeliveryState["failing"];

  /**
   * @param what is exported: begins an explanation where it is not clear from the context.
   * @param off Whether nothing is, by choice.
   */
  constructor({ what = "", off = false } = {}) {
    this.#what = what;
    this.#off = off;
  }

  get state(): DeliveryState {
    return {
      exported: this.#exported,
      lost: { ...this.#lost },
      failing: this.#failing,
      off: this.#off,
    };
  }

  /** All of it has arrived at the far end. */
  exported(receipts: BatchReceipts): void {
    this.#exported += receipts.records;
    receipts.settle("arrived");
  }

  /** All of it will never arrive. */
  lost(receipts: BatchReceipts, reason: LossReason): void {
    if (receipts.records === 0) return;
    this.#lost[reason] = (this.#lost[reason] ?? 0) + receipts.records;
    receipts.settle(reason);
  }

  /** An attempt has failed, or nothing has been heard for too long. */
  failing(error: unknown): void {
    const said = error instanceof Error ? error.message : String(error);
    const why = cleanText(`${this.#what}${said}`, MAX_WHY);
    const now = Date.now();
    // Not after now: a clock that has been set back would put off blindness by as much.
    this.#failing = { since: Math.min(this.#failing?.since ?? now, now), why };
  }

  /** Records get out again. */
  recovered(): void {
    this.#failing = undefined;
  }
}
