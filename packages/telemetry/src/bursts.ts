import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { Cell } from "./cells.ts";
import type { EventRow } from "./rows.ts";

/** Like denials of one cell, of which the first stands for all. */
export interface Burst {
  readonly cell: Cell;
  readonly row: EventRow;
  readonly first: DenialEvent;
  readonly context: Context;
  last: DenialEvent;
  count: number;
}

/**
 * Where denials go when the ring has no room for them: one slot for each kind (cell, row, operation), which counts. Two
 * denials of a kind differ in target, time and trace only; the record tells those of the first.
 */
export class Bursts {
  readonly #max: number;
  readonly #byRow = new Map<EventRow, Burst[]>();
  // In order of their beginning.
  readonly #all = new Set<Burst>();
  #lastBurst: Burst | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Bursts, not denials. */
  get size(): number {
    return this.#all.size;
  }

  /** @returns false where the table is full and the denial is of no kind in it. */
  merge(event: DenialEvent, context: Context, cell: Cell, row: EventRow): boolean {
    const last = this.#lastBurst;
    // The row was found by the same cache, so that in a flood this is the only comparison.
    const burst =
      last !== undefined && sameKind(last, event) ? last : this.#find(event, context, cell, row);
    if (burst === undefined) return false;
    burst.last = event;
    burst.count += 1;
    this.#lastBurst = burst;
    return true;
  }

  /** Takes the oldest burst out: the next denial of its kind begins a new one. */
  shift(): Burst | undefined {
    const [burst] = this.#all;
    if (burst === undefined) return undefined;
    this.#all.delete(burst);
    const kinds = this.#byRow.get(burst.row)?.filter((other) => other !== burst) ?? [];
    if (kinds.length === 0) this.#byRow.delete(burst.row);
    else this.#byRow.set(burst.row, kinds);
    if (this.#lastBurst === burst) this.#lastBurst = undefined;
    return burst;
  }

  #find(event: DenialEvent, context: Context, cell: Cell, row: EventRow): Burst | undefined {
    const kinds = this.#byRow.get(row);
    const found = kinds?.find((burst) => sameKind(burst, event));
    if (found !== undefined) return found;
    if (this.#all.size >= this.#max) return undefined;
    const burst: Burst = { cell, row, first: event, context, last: event, count: 0 };
    if (kinds === undefined) this.#byRow.set(row, [burst]);
    else kinds.push(burst);
    this.#all.add(burst);
    return burst;
  }
}

// Everything that the record of the first says of all: also what a folded row or a shared cell no longer tells apart.
function sameKind({ first }: Burst, event: DenialEvent): boolean {
  return (
    first.cell === event.cell &&
    first.operation === event.operation &&
    first.policyRule === event.policyRule &&
    first.capability === event.capability &&
    first.reason === event.reason &&
    first.brokerDecision === event.brokerDecision &&
    first.kernelDecision === event.kernelDecision &&
    first.kernelEvidence === event.kernelEvidence &&
    first.enforced === event.enforced &&
    first.policyHash === event.policyHash
  );
}
