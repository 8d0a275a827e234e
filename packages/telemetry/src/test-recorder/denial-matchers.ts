import { mustHold, whole } from "@pyisolate/policy/options";

import { counted, listed } from "./denials-in-words.ts";
import { denialsOf } from "./denials-of.ts";
import { type ExpectedDenial, Expectation } from "./expected-denial.ts";

/** What a matcher gives to `expect.extend` of vitest and jest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matchers, as `expect(source)` has them. `R` is what the test runner's own matchers return. */
export interface DenialMatchers<R = unknown> {
  /** There is such a denial; without an argument, any. */
  toHaveDenied(expected?: ExpectedDenial): R;
  /** There are as many such denials. */
  toHaveDeniedTimes(times: number, expected?: ExpectedDenial): R;
}

/**
 * Matchers for vitest and jest: `expect.extend(denialMatchers)`. They take a recorder of `createTestRecorder`, a cell, a supervisor, a
 * `PolicyError`, or a list of events.
 *
 * @example
 * expect(denials).toHaveDenied({ capability: "database", reason: "outside_scope" });
 * expect(denials).not.toHaveDenied();
 */
export const denialMatchers = {
  toHaveDenied(source: unknown, expected?: ExpectedDenial): MatcherResult {
    return haveDenied("toHaveDenied", source, expected);
  },
  toHaveDeniedTimes(source: unknown, times: number, expected?: ExpectedDenial): MatcherResult {
    return haveDeniedTimes("toHaveDeniedTimes", source, times, expected);
  },
};

/** @param asker The function that was called, for the message of a TypeError. */
export function haveDenied(
  asker: string,
  source: unknown,
  expected: ExpectedDenial | undefined,
): MatcherResult {
  const events = denialsOf(source);
  const expectation = new Expectation(asker, expected);
  const found = events.filter((event) => expectation.isMetBy(event));
  if (found.length > 0) {
    return {
      pass: true,
      message: () => `expected not ${expectation.words}, but there is:\n${listed(found)}`,
    };
  }
  return {
    pass: false,
    message: () =>
      events.length === 0
        ? `expected ${expectation.words}, but nothing was denied`
        : `expected ${expectation.words}, but of ${counted(events.length)} none is:\n${listed(events, expectation)}`,
  };
}

function haveDeniedTimes(
  asker: string,
  source: unknown,
  times: number,
  expected: ExpectedDenial | undefined,
): MatcherResult {
  mustHold("times", times, whole(0, Number.MAX_SAFE_INTEGER));
  const events = denialsOf(source);
  const expectation = new Expectation(asker, expected);
  const { length } = events.filter((event) => expectation.isMetBy(event));
  const pass = length === times;
  const there =
    events.length === 0 ? "" : `; of ${counted(events.length)}:\n${listed(events, expectation)}`;
  return {
    pass,
    message: () =>
      `expected ${expectation.words} ${pass ? "not " : ""}${times} times, but there are ${length}${there}`,
  };
}
