import { expect, test } from "vitest";

import { didYouMean } from "./did-you-mean.ts";

const keys = ["id", "effect", "capability", "operations", "paths"];

test.each([
  ["path", "paths"],
  ["Paths", "paths"],
  ["pahts", "paths"],
  ["di", "id"],
  ["efect", "effect"],
  ["operation", "operations"],
  ["opperatoins", "operations"],
  ["capabilty", "capability"],
])("%s is near %s", (written, meant) => expect(didYouMean(written, keys)).toBe(meant));

test.each([
  ["", undefined],
  ["colour", undefined],
  ["x".repeat(1_000_000), undefined],
])("no word is suggested for one that is not a typing mistake", (written, meant) => {
  expect(didYouMean(written, keys)).toBe(meant);
});

test("habits of spelling do not count", () => {
  expect(didYouMean("cpuMs", ["wall_ms", "cpu_ms"])).toBe("cpu_ms");
  expect(didYouMean("OUTPUT-BYTES", ["output_bytes"])).toBe("output_bytes");
});
