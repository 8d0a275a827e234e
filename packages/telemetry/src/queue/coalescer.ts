import type { Context } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import type { EventSeries } from "../metrics/event-series.ts";
import type { Burst } from "./burst.ts";
import type { QueuedCell } from "./cell-queue.ts";
import { ReservoirSample } from "./reservoir-sample.ts";

/**
 * Counts denials that have no slot in the ring buffer or no record left in their cell's budget. There is one burst for each
 * kind of denial (cell, series, operation): two denials of a kind differ in target, time and trace only, and the record has
 * those of the first and a sample of the targets. A burst is held until {@link release}, so that a flood is one record a
 * window, however often the drain runs.
 */
export class Coalescer<Cell extends QueuedCell<Cell>> {
  readonly #max: number;
  /** Bursts of one cell: half, so that a cell with many kinds of denial leaves room for the others. */
  readonly #share: number;
  // Both in insertion order: the oldest burst comes first.
  readonly #held = new Set<Burst<Cell>>();
  readonly #released = new Set<Burst<Cell>>();
  /** By a series' index, the burst that a denial of that series was last added to. */
  readonly #latest: (Burst<Cell> | undefined)[] = [];

  constructor(max: number) {
    this.#max = max;
    this.#share = Math.ceil(max / 2);
  }

  /** Bursts, not denials. */
  get size(): number {
    return this.#held.size + this.#released.size;
  }

  /** Bursts that {@link shift} would return. */
  get released(): number {
    return this.#released.size;
  }

  /** @returns false if the table is full and has no burst of the denial's kind. */
  merge(event: DenialEvent, context: Context, cell: Cell, series: EventSeries): boolean {
    const latest = this.#latest[series.index];
    // In a flood, even one of many rules, this comparison is the only one. Cells are compared by identity: a new cell may
    // have the name of one that was closed, and a burst belongs to one cell.
    const burst =
      latest?.cell === cell && isSameKind(latest.first, event)
        ? latest
        : this.#find(event, context, cell, series);
    if (burst === undefined) return false;
    burst.last = event;
    burst.count += 1;
    if (burst.count === burst.next) burst.next = burst.sample.keep(event, burst.count);
    this.#latest[series.index] = burst;
    return true;
  }

  /** Releases every burst, or those of one cell. A released burst goes on counting until it is taken. */
  release(cell?: Cell): void {
    for (const burst of this.#held) {
      if (cell !== undefined && burst.cell !== cell) continue;
      this.#held.delete(burst);
      this.#released.add(burst);
    }
  }

  /** Removes the oldest released burst: the next denial of its kind begins a new one. */
  shift(): Burst<Cell> | undefined {
    const [burst] = this.#released;
    if (burst === undefined) return undefined;
    this.#released.delete(burst);
    this.#forget(burst);
    return burst;
  }

  #find(
    event: DenialEvent,
    context: Context,
    cell: Cell,
    series: EventSeries,
  ): Burst<Cell> | undefined {
    const { queue } = cell;
    const ofSeries = queue.bursts.get(series);
    if (ofSeries !== undefined) {
      for (const burst of ofSeries) if (isSameKind(burst.first, event)) return burst;
    }
    if (this.size >= this.#max || queue.burstCount >= this.#share) return undefined;
    const sample = new ReservoirSample();
    const burst: Burst<Cell> = {
      kind: "burst",
      cell,
      series,
      first: event,
      context,
      last: event,
      sample,
      count: 0,
      next: 1,
    };
    if (ofSeries === undefined) queue.bursts.set(series, [burst]);
    else ofSeries.push(burst);
    queue.burstCount += 1;
    this.#held.add(burst);
    // Filled up to the index: with a gap in it, V8 would keep the array as a hash table.
    while (this.#latest.length <= series.index) this.#latest.push(undefined);
    return burst;
  }

  #forget(burst: Burst<Cell>): void {
    const { cell, series } = burst;
    const { queue } = cell;
    queue.burstCount -= 1;
    if (this.#latest[series.index] === burst) this.#latest[series.index] = undefined;
    const others = queue.bursts.get(series)?.filter((other) => other !== burst) ?? [];
    if (others.length > 0) queue.bursts.set(series, others);
    else queue.bursts.delete(series);
  }
}

// Compares every field that the first denial's record states for the whole burst: a folded series or `_other` does not tell them apart.
function isSameKind(first: DenialEvent, event: DenialEvent): boolean {
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
