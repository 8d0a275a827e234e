import { ROOT_CONTEXT } from "@opentelemetry/api";
import type { DenialEvent } from "@pyisolate/policy";

import { BoundedCells } from "../cells/bounded-cells.ts";
import type { Cell } from "../cells/cell.ts";
import { EventSeriesTable } from "../metrics/event-series.ts";
import type { Burst } from "../queue/burst.ts";
import { RecordQueue } from "../queue/record-queue.ts";

/** A queue with cells and series of its own, and what is pushed to it and taken out of it. */
export function aRecordQueue(capacity: number, recordsPerWindow = 1000) {
  const queue = new RecordQueue<Cell>(capacity, recordsPerWindow);
  const cells = new BoundedCells(1000, { settle: () => {} });
  const table = new EventSeriesTable(1000);
  const push = (event: DenialEvent) =>
    queue.push(event, ROOT_CONTEXT, cells.find(event.cell), table.find(event));
  const take = (max = Number.POSITIVE_INFINITY) => {
    queue.releaseBursts();
    const events: DenialEvent[] = [];
    const bursts: Burst<Cell>[] = [];
    const closedCells: string[] = [];
    for (const record of queue.take(max)) {
      if (record.kind === "denial") events.push(record.event);
      else if (record.kind === "burst") bursts.push(record);
      else closedCells.push(record.totals.cell);
    }
    return { events, bursts, closedCells };
  };
  return { queue, cells, push, take };
}
