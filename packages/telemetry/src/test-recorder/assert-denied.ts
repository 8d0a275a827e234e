import { AssertionError } from "node:assert";

import type { DenialEvent } from "@pyisolate/policy";

import { haveDenied, type MatcherResult } from "./denial-matchers.ts";
import { type DenialSource, denialsOf } from "./denials-of.ts";
import { type ExpectedDenial, Expectation } from "./expected-denial.ts";

/**
 * Asserts that there is such a denial; without `expected`, any. For test runners without `expect`, such as `node:test`.
 *
 * @returns the first such denial.
 * @throws AssertionError that lists what was denied instead, the nearest first, each with how it differs.
 */
export function assertDenied(source: DenialSource, expected?: ExpectedDenial): DenialEvent {
  const result = haveDenied("assertDenied", source, expected);
  const expectation = new Expectation("assertDenied", expected);
  const found = denialsOf(source).find((event) => expectation.isMetBy(event));
  if (found === undefined) throw failure(result, assertDenied);
  return found;
}

/**
 * Asserts that there is no such denial; without `expected`, none at all.
 *
 * @throws AssertionError that lists the denials.
 */
export function assertNotDenied(source: DenialSource, expected?: ExpectedDenial): void {
  const result = haveDenied("assertNotDenied", source, expected);
  if (result.pass) throw failure(result, assertNotDenied);
}

function failure(
  { message }: MatcherResult,
  stackStartFn: typeof assertDenied | typeof assertNotDenied,
): AssertionError {
  return new AssertionError({ message: message(), stackStartFn });
}
