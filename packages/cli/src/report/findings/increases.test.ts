import fc from "fast-check";
import { expect, test } from "vitest";

import { gridOf } from "./time-columns.ts";
import { increaseOf } from "./increases.ts";

const GRID = gridOf({ from: 0, to: 10_000 }, 10);
const at = (...values: (number | undefined)[]) => ({
  labels: {},
  points: values.flatMap((value, column) =>
    value === undefined ? [] : [[GRID.ends[column] ?? 0, value] as const],
  ),
});

test("a counter that was there counts from where it stood", () => {
  expect(increaseOf(at(7, 9), 5, GRID)).toMatchObject({ total: 4, before: 5 });
});

test("a counter that was not there counts from 0, its first value included", () => {
  const { total, columns } = increaseOf(at(undefined, undefined, 3, 4), undefined, GRID);
  expect(total).toBe(4);
  expect(columns.slice(0, 5)).toEqual([0, 0, 3, 1, 0]);
});

test("a counter that fell began anew", () => {
  expect(increaseOf(at(5, 6, 2), 5, GRID).total).toBe(3);
});

test("what was counted without a scrape is spread over that time", () => {
  const { total, columns } = increaseOf(at(1, undefined, undefined, 7), 0, GRID);
  expect(total).toBe(7);
  expect(columns.slice(0, 4)).toEqual([1, 2, 2, 2]);
});

test("whatever was counted, seen or not, the columns add up to it", () => {
  const events = fc.array(fc.record({ counts: fc.nat(50), seen: fc.boolean() }), {
    minLength: 10,
    maxLength: 10,
  });
  fc.assert(
    fc.property(events, fc.option(fc.nat(), { nil: undefined }), (events, before) => {
      let value = before ?? 0;
      let known = value;
      const values = events.map(({ counts, seen }) => {
        value += counts;
        if (seen) known = value;
        return seen ? value : undefined;
      });
      const { total, columns } = increaseOf(at(...values), before, GRID);
      expect(total).toBe(known - (before ?? 0));
      expect(columns.reduce((sum, column) => sum + column, 0)).toBeCloseTo(total, 6);
    }),
  );
});
