import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { aRecordQueue } from "../testing/record-queue.ts";

test("denials that fit come out as they went in", () => {
  const { queue, push, take } = aRecordQueue(8);
  const events = [1, 2, 3].map((seq) => aDenial({ seq }));
  for (const event of events) push(event);
  expect(queue.size).toBe(3);
  expect(take().events).toEqual(events);
  expect(queue.size).toBe(0);
});

test("past its half of the ring a cell's denials become bursts, and the others keep their room", () => {
  const { push, take } = aRecordQueue(8);
  for (let seq = 1; seq <= 100; seq++) push(aDenial({ cell: "noisy", seq, target: `/${seq}` }));
  for (let seq = 1; seq <= 4; seq++) push(aDenial({ cell: "quiet", seq }));
  const { events, bursts } = take();
  expect(events.filter((event) => event.cell === "quiet")).toHaveLength(4);
  expect(events.filter((event) => event.cell === "noisy")).toHaveLength(4);
  expect(bursts).toHaveLength(1);
  expect(bursts[0]).toMatchObject({ count: 96, first: { seq: 5 }, last: { seq: 100 } });
});
