import type { FarEnd } from "./far-end.ts";
import { ATTRIBUTES as A, LOSS_REASONS, type LossReason } from "./semconv.ts";
import { newRow, type Row, type Tally } from "./tally.ts";

/** What was emitted and is known never to arrive: by reason, and as the metric `pyisolate.telemetry.records.lost`. */
export class Losses {
  readonly #tally: Tally;
  readonly #rows: ReadonlyMap<LossReason, Row>;
  readonly #lost: Partial<Record<LossReason, number>> = {};
  #total = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
    this.#rows = new Map(LOSS_REASONS.map((reason) => [reason, lossRow(reason)]));
  }

  /** Every row of the metric. */
  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** Records, whatever the reason. */
  get total(): number {
    return this.#total;
  }

  /** By reason; undefined where nothing is lost. */
  read(): Readonly<Partial<Record<LossReason, number>>> | undefined {
    return this.#total === 0 ? undefined : { ...this.#lost };
  }

  /** Takes over what has been lost since the last time. */
  claim(farEnd: FarEnd | undefined): void {
    if (farEnd === undefined) return;
    for (const [reason, count] of farEnd.claimLost()) {
      const row = this.#rows.get(reason);
      if (row !== undefined) this.#tally.countMany(row, count);
      this.#lost[reason] = (this.#lost[reason] ?? 0) + count;
      this.#total += count;
    }
  }
}

function lossRow(reason: LossReason): Row {
  return newRow("lost", { [A.lossReason.name]: reason });
}
