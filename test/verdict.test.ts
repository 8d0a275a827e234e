import { expect, test } from "vitest";

import { verdict, type Tally } from "./verdict.ts";

const tally: Tally = { passed: 3, failed: [], skipped: [], errors: [] };
const skipped = [{ name: "road.test.ts > arrives", reason: "neither Go nor binaries" }];
const clean = { code: 0 };

test("a run where everything passed closes with the two numbers and exit code 0", () => {
  expect(verdict(tally, clean, "true")).toEqual({ lines: ["3 passed, 0 failed"], exitCode: 0 });
});

test("skipped tests are named with their reason, and counted after the two numbers", () => {
  expect(verdict({ ...tally, skipped }, clean, undefined)).toEqual({
    lines: [
      "skipped: road.test.ts > arrives (neither Go nor binaries)",
      "3 passed, 0 failed, 1 skipped",
    ],
    exitCode: 0,
  });
});

test.each(["true", "1", "yes"])("with CI=%s a skipped test is a failure", (ci) => {
  const { lines, exitCode } = verdict({ ...tally, skipped }, clean, ci);
  expect([lines.at(-1), exitCode]).toEqual(["3 passed, 1 failed", 1]);
});

test.each(["", "0", "false"])("CI=%j does not count as CI", (ci) => {
  expect(verdict({ ...tally, skipped }, clean, ci).exitCode).toBe(0);
});

test("a failed test is a failure", () => {
  const { lines, exitCode } = verdict({ ...tally, failed: ["a > b"] }, { code: 1 }, undefined);
  expect([lines, exitCode]).toEqual([["failed: a > b", "3 passed, 1 failed"], 1]);
});

test.each([
  [
    "a file that does not load",
    { ...tally, errors: ["x.test.ts: Unexpected token"] },
    { code: 1 },
    "3 passed, 1 failed",
  ],
  ["a run that wrote no tally", undefined, clean, "0 passed, 1 failed"],
  ["a runner killed by a signal", undefined, { signal: "SIGKILL" } as const, "0 passed, 1 failed"],
  ["a run of no test", { ...tally, passed: 0 }, clean, "0 passed, 1 failed"],
  [
    "a run that only skipped",
    { ...tally, passed: 0, skipped },
    clean,
    "0 passed, 1 failed, 1 skipped",
  ],
  ["an exit code that no test explains", tally, { code: 3 }, "3 passed, 1 failed"],
])("%s is a failure, whatever else says otherwise", (_, counted, ending, last) => {
  const { lines, exitCode } = verdict(counted, ending, undefined);
  expect([lines.at(-1), exitCode]).toEqual([last, 1]);
});
