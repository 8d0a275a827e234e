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

test("one cell's kinds fill no more than half of the bursts", () => {
  const { push } = aRecordQueue(1);
  push(aDenial());
  const kinds = Array.from({ length: 600 }, (_, rule) => `r${rule}`);
  const taken = kinds.filter((policyRule) => push(aDenial({ cell: "noisy", policyRule })));
  expect(taken).toHaveLength(512);
  expect(push(aDenial({ cell: "quiet" }))).toBe(true);
});
