import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { aRecordQueue } from "../testing/record-queue.ts";

test("a cell's end comes after its denials", () => {
  const { queue, cells, push, take } = aRecordQueue(8);
  push(aDenial({ seq: 1 }));
  const cell = cells.find("tenant-a");
  cell.ledger.deny();
  queue.pushClosedCell({
    kind: "closed",
    totals: { cell: "tenant-a", denials: 2, allowed: 0, cause: "closed" },
    cell,
    context: ROOT_CONTEXT,
    time: 0,
  });
  push(aDenial({ seq: 2 }));
  expect(take(1)).toMatchObject({ events: [{ seq: 1 }], closedCells: [] });
  expect(take()).toMatchObject({ events: [{ seq: 2 }], closedCells: [] });
  cell.ledger.emit(1, 1);
  expect(take()).toMatchObject({ events: [], closedCells: ["tenant-a"] });
});

test("a cell's end waits two windows for its records to arrive, and none when it is hurried", () => {
  const { queue, cells, take } = aRecordQueue(8);
  const totals = { cell: "tenant-a", denials: 1, allowed: 0, cause: "closed" } as const;
  const cell = cells.find("tenant-a");
  cell.ledger.deny();
  const push = () =>
    queue.pushClosedCell({ kind: "closed", totals, cell, context: ROOT_CONTEXT, time: 0 });
  push();
  expect(queue.isReady).toBe(false);
  queue.nextWindow();
  expect(take().closedCells).toEqual([]);
  queue.nextWindow();
  expect(queue.isReady).toBe(true);
  expect(take().closedCells).toEqual(["tenant-a"]);
  push();
  queue.hurryClosedCells();
  expect(take().closedCells).toEqual(["tenant-a"]);
  expect(cell.queue.closing).toBe(0);
});

test("a cell's end does not wait for the others' flood to end", () => {
  const { queue, cells, push, take } = aRecordQueue(8);
  for (let seq = 1; seq <= 4; seq++) push(aDenial({ seq }));
  const totals = { cell: "settled", denials: 0, allowed: 0, cause: "closed" } as const;
  queue.pushClosedCell({
    kind: "closed",
    totals,
    cell: cells.find("settled"),
    context: ROOT_CONTEXT,
    time: 0,
  });
  expect(take(2)).toMatchObject({ events: [{ seq: 1 }], closedCells: ["settled"] });
});
