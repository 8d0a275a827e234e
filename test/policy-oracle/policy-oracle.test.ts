import { expect, test } from "vitest";

import { compareWithReadme } from "./compare.ts";

// The matcher here was written from the README of @pyisolate/policy alone, by an author who had not read the source that it
// judges. `by-hand.ts` runs it for as long as one wants.

test("decide says what the README says, of 40,000 random requests", () => {
  const { requests, allowed, denied, differing } = compareWithReadme(20_261_127, 40_000);
  expect(differing).toEqual([]);
  expect(requests).toBe(40_000);
  // A share of each verdict, or the requests would show nothing.
  expect(allowed).toBeGreaterThan(4000);
  for (const reason of [
    "explicit_deny",
    "outside_scope",
    "wrong_operation",
    "no_rule",
    "malformed",
  ]) {
    expect(denied[reason], reason).toBeGreaterThan(100);
  }
});
