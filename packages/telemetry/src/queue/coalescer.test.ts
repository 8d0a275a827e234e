import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, test } from "vitest";

import { BoundedCells } from "../cells/bounded-cells.ts";
import { EventSeriesTable } from "../metrics/event-series.ts";
import { aDenial } from "../testing/denials.ts";
import { aRecordQueue } from "../testing/record-queue.ts";

test("denials whose records would differ never share a burst", () => {
  const { push, take } = aRecordQueue(1);
  push(aDenial());
  const kinds = [
    aDenial({ operation: "read" }),
    aDenial({ operation: "write" }),
    aDenial({ cell: "tenant-b" }),
    aDenial({ policyRule: "dotenv" }),
    aDenial({ enforced: false }),
    aDenial({ kernelDecision: "deny", kernelEvidence: "audit" }),
    aDenial({ kernelDecision: "deny", kernelEvidence: "seccomp-errno" }),
    aDenial({ policyHash: "0123456789abcdef", policyName: "plugins" }),
  ];
  for (const event of [...kinds, ...kinds]) push(event);
  const { bursts } = take();
  expect(bursts.map((burst) => burst.first)).toEqual(kinds);
  expect(bursts.every((burst) => burst.count === 2)).toBe(true);
});

test("a burst is of the cell itself, and not of one that had its name before it", () => {
  const { queue, take } = aRecordQueue(1, 0);
  const series = new EventSeriesTable(10).find(aDenial());
  const [former, present] = [1, 2].map(() =>
    new BoundedCells(10, { settle: () => {} }).find("tenant-a"),
  );
  for (const cell of [former, former, present]) {
    if (cell !== undefined) queue.push(aDenial(), ROOT_CONTEXT, cell, series);
  }
  expect(take().bursts).toMatchObject([
    { cell: former, count: 2 },
    { cell: present, count: 1 },
  ]);
});

test("with ring and bursts full there is no room, except for kinds that are bursting", () => {
  const { push, take } = aRecordQueue(1);
  push(aDenial());
  for (let cell = 0; cell < 1024; cell++) expect(push(aDenial({ cell: `c${cell}` }))).toBe(true);
  expect(push(aDenial({ cell: "one-too-many" }))).toBe(false);
  expect(push(aDenial({ cell: "c7" }))).toBe(true);
  take(1);
  expect(push(aDenial({ cell: "one-too-many" }))).toBe(true);
});

test("a burst counts until its window ends, however often the drain runs", () => {
  const { queue, push } = aRecordQueue(8, 1);
  const bursts: number[] = [];
  const drain = () => {
    for (const record of queue.take(100)) if (record.kind === "burst") bursts.push(record.count);
  };
  for (let turn = 0; turn < 10; turn++) {
    push(aDenial());
    push(aDenial());
    drain();
  }
  expect(bursts).toEqual([]);
  queue.nextWindow();
  drain();
  expect(bursts).toEqual([19]);
});
