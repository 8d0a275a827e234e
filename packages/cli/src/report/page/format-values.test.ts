import { expect, test } from "vitest";

import { duration, moment, rate, share, span } from "./format-values.ts";

const MIDNIGHT = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;

test("a moment tells its day only where its time of day may come twice", () => {
  const night = { from: MIDNIGHT - HOUR, to: MIDNIGHT + HOUR };
  expect(moment(MIDNIGHT + 5000, night)).toBe("00:00:05");
  expect(span(night, night)).toBe("23:00:00–01:00:00");
  const days = { from: MIDNIGHT - 48 * HOUR, to: MIDNIGHT };
  expect(moment(MIDNIGHT - 5000, days)).toBe("22\u00A0Nov 23:59:55");
});

test.each([
  [400, "<1 s"],
  [45_000, "45 s"],
  [250_000, "4 min 10 s"],
  [7_500_000, "2 h 5 min"],
  [7_200_000, "2 h"],
  [3_600_005, "1 h"],
  [273_600_000, "3 d 4 h"],
])("%d ms is %s", (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test("a small share is not written as none, nor a nearly complete one as all", () => {
  expect([share(0, 9), share(1, 5000), share(4999, 5000), share(5, 5), share(0, 0)]).toEqual([
    "0 %",
    "<0.1 %",
    ">99.9 %",
    "100 %",
    "–",
  ]);
  expect([rate(0), rate(0.001), rate(0.254), rate(1234.5)]).toEqual([
    "0/s",
    "<0.01/s",
    "0.25/s",
    "1,235/s",
  ]);
});
