import { expect, test } from "vitest";

import { aDenial } from "../testing/denials.ts";
import { ReservoirSample } from "./reservoir-sample.ts";

function sampleOf(size: number) {
  const sample = new ReservoirSample();
  let next = 1;
  for (let count = 1; count <= size; count++) {
    if (count === next) next = sample.keep(aDenial({ seq: count, target: `/${count}` }), count);
  }
  return sample.events.map(({ seq }) => seq);
}

test("a few are all kept, in their order", () => {
  expect(sampleOf(1)).toEqual([1]);
  expect(sampleOf(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("of many, each has the same chance, wherever it came", () => {
  const tenths = new Map<number, number>();
  const samples = 2000;
  for (let round = 0; round < samples; round++) {
    const kept = sampleOf(1000);
    expect(new Set(kept).size).toBe(8);
    for (const seq of kept) {
      const tenth = Math.floor((seq - 1) / 100);
      tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1);
    }
  }
  // 1600 expected in each, with a deviation of 38: one in ten million runs would be this far off.
  expect(tenths.size).toBe(10);
  for (const count of tenths.values()) {
    expect(count).toBeGreaterThan(1600 - 230);
    expect(count).toBeLessThan(1600 + 230);
  }
});
