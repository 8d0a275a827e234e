import { expect, test } from "vitest";

import { gapsBetween, union, usualDistance } from "./gaps.ts";

test("three scrapes missed are a gap, two are not", () => {
  expect(gapsBetween([0, 15, 30, 75, 90], 15)).toEqual([]);
  expect(gapsBetween([0, 15, 30, 76, 91], 15)).toEqual([{ from: 30, to: 76 }]);
});

test("the usual distance is the most frequent one, with gaps or without", () => {
  expect(usualDistance([0, 15, 30, 300, 315, 331])).toBe(15);
  expect(usualDistance([0])).toBeUndefined();
});

test("soon after an outage, when gaps are as frequent as other distances, the gap is not the usual one", () => {
  expect(usualDistance([0, 1000, 8000])).toBe(1000);
  expect(usualDistance([0, 7000, 8000])).toBe(1000);
  expect(gapsBetween([0, 7000, 8000], 1000)).toEqual([{ from: 0, to: 7000 }]);
});

test("gaps of several instances become one where they touch", () => {
  expect(
    union([
      { from: 50, to: 60 },
      { from: 0, to: 10 },
      { from: 5, to: 20 },
      { from: 20, to: 25 },
    ]),
  ).toEqual([
    { from: 0, to: 25 },
    { from: 50, to: 60 },
  ]);
});
