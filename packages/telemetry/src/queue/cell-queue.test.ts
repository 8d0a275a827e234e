import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { aRecordQueue } from "../testing/record-queue.ts";

test("denials beyond a cell's records of a window coalesce, until the window ends", () => {
  const { queue, push, take } = aRecordQueue(100, 4);
  const burst = (cell: string) => {
    for (const policyRule of ["a", "a", "a", "b", "b", "b"]) push(aDenial({ cell, policyRule }));
  };
  burst("noisy");
  burst("other");
  const { events, bursts } = take();
  // Half of the four for each rule.
  expect(events.map(({ cell, policyRule }) => `${cell} ${policyRule}`)).toEqual([
    "noisy a",
    "noisy a",
    "noisy b",
    "noisy b",
    "other a",
    "other a",
    "other b",
    "other b",
  ]);
  expect(bursts.map(({ count }) => count)).toEqual([1, 1, 1, 1]);
  push(aDenial({ cell: "noisy" }));
  expect(take()).toMatchObject({ events: [], bursts: [{ count: 1 }] });
  queue.nextWindow();
  push(aDenial({ cell: "noisy" }));
  expect(take()).toMatchObject({ events: [{ cell: "noisy" }], bursts: [] });
});

test("cells that are denied by the same rule in turn have their own records of a window each", () => {
  const { queue, push, take } = aRecordQueue(100, 4);
  for (let window = 1; window <= 3; window++) {
    for (let round = 1; round <= 3; round++) {
      for (const cell of ["a", "b", "c"]) push(aDenial({ cell }));
    }
    const { events, bursts } = take();
    // Half of the four for each rule.
    expect(events.map(({ cell }) => cell)).toEqual(["a", "b", "c", "a", "b", "c"]);
    expect(bursts.map(({ first, count }) => [first.cell, count])).toEqual([
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ]);
    queue.nextWindow();
  }
});

test("one cell's kinds fill no more than half of the bursts", () => {
  const { push } = aRecordQueue(1);
  push(aDenial());
  const kinds = Array.from({ length: 600 }, (_, rule) => `r${rule}`);
  const taken = kinds.filter((policyRule) => push(aDenial({ cell: "noisy", policyRule })));
  expect(taken).toHaveLength(512);
  expect(push(aDenial({ cell: "quiet" }))).toBe(true);
});
