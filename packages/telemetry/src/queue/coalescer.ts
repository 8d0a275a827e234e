import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { Cell } from "../cells/cell.ts";
import type { EventSeries } from "../metrics/event-series.ts";
import { ReservoirSample } from "./reservoir-sample.ts";

/** Like denials of one cell, of which the first stands for all. */
export interface Burst {
  readonly cell: Cell;
  readonly series: EventSeries;
  readonly first: DenialEvent;
  readonly context: Context;
  last: DenialEvent;
  count: number;
  readonly sample: ReservoirSample;
  /** The number of the next event that the sample keeps. */
  next: number;
}

/**
 * Where denials go that have no place in the ring, or have used up their records: one slot for each kind (cell, row,
 * operation), which counts. Two denials of a kind differ in target, time and trace only; the record tells those of the first
 * and a sample of the targets. A burst is held until it is {@link release}d, so that a flood is one record a window, however
 * often the drain runs.
 */
export class Coalescer {
  readonly #max: number;
  /** Kinds of one cell: half, so that a cell with many kinds leaves room for the others. */
  readonly #share: number;
  // In order of their beginning.
  readonly #held = new Set<Burst>();
  readonly #released = new Set<Burst>();

  constructor(max: number) {
    this.#max = max;
    this.#share = Math.ceil(max / 2);
  }

  /** Bursts, not denials. */
  get size(): number {
    return this.#held.size + this.#released.size;
  }

  /** Bursts that {@link shift} would give. */
  get released(): number {
    return this.#released.size;
  }

  /** @returns false where the table is full and the denial is of no kind in it. */
  merge(event: DenialEvent, context: Context, cell: Cell, series: EventSeries): boolean {
    const last = series.burst;
    // In a flood, also in one of many rules, this is the only comparison.
    // Of the cell itself, and not of one that had its name before it.
    const burst =
      last?.cell === cell && sameKind(last, event)
        ? last
        : this.#find(event, context, cell, series);
    if (burst === undefined) return false;
    burst.last = event;
    burst.count += 1;
    if (burst.count === burst.next) burst.next = burst.sample.keep(event, burst.count);
    series.burst = burst;
    return true;
  }

  /** Lets go of all bursts, or of those of a cell. They go on counting until they are taken. */
  release(cell?: Cell): void {
    for (const burst of this.#held) {
      if (cell !== undefined && burst.cell !== cell) continue;
      this.#held.delete(burst);
      this.#released.add(burst);
    }
  }

  /** Takes the oldest released burst out: the next denial of its kind begins a new one. */
  shift(): Burst | undefined {
    const [burst] = this.#released;
    if (burst === undefined) return undefined;
    this.#released.delete(burst);
    this.#forget(burst);
    return burst;
  }

  #find(event: DenialEvent, context: Context, cell: Cell, series: EventSeries): Burst | undefined {
    const kinds = cell.kinds.get(series);
    if (kinds !== undefined) for (const burst of kinds) if (sameKind(burst, event)) return burst;
    if (this.size >= this.#max || cell.bursts >= this.#share) return undefined;
    const sample = new ReservoirSample();
    const burst: Burst = {
      cell,
      series,
      first: event,
      context,
      last: event,
      sample,
      count: 0,
      next: 1,
    };
    if (kinds === undefined) cell.kinds.set(series, [burst]);
    else kinds.push(burst);
    this.#held.add(burst);
    cell.bursts += 1;
    return burst;
  }

  #forget(burst: Burst): void {
    const { cell, series } = burst;
    cell.bursts -= 1;
    if (series.burst === burst) series.burst = undefined;
    const kinds = cell.kinds.get(series)?.filter((other) => other !== burst) ?? [];
    if (kinds.length > 0) cell.kinds.set(series, kinds);
    else cell.kinds.delete(series);
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
