import { AssertionError } from "node:assert";

import { decide } from "../decide.ts";
import { explain } from "../explain/explain.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import { quoted } from "../clean-text.ts";

/** What a matcher answers to vitest and to Jest. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matchers as a test calls them, to be added to the types of vitest's `Matchers`, or of Jest's. */
export interface PolicyMatchers<Result = void> {
  /** @param rule The id of the rule that should allow it; left out: any rule. */
  toAllow(request: Request, rule?: string): Result;
  /** @param rule The id of the rule that should deny it, or `default`; left out: any. */
  toDeny(request: Request, rule?: string): Result;
}

/**
 * Matchers for `expect.extend` of vitest and Jest.
 *
 * @example
 * expect.extend(policyMatchers);
 * expect(policy).toDeny({ capability: "filesystem", operation: "read", target: "/srv/.env" }, "dotenv");
 */
export const policyMatchers = {
  toAllow: (policy: Policy, request: Request, rule?: string): MatcherResult =>
    matched(policy, request, "allow", rule),
  toDeny: (policy: Policy, request: Request, rule?: string): MatcherResult =>
    matched(policy, request, "deny", rule),
};

/**
 * Asserts that a policy allows a request, for `node:test` and everything that takes an AssertionError.
 *
 * @param rule The id of the rule that should allow it; left out: any rule.
 * @throws AssertionError that says how the request is decided, and why.
 */
export function assertAllows(policy: Policy, request: Request, rule?: string): void {
  assert(policy, request, "allow", rule, assertAllows);
}

/**
 * Asserts that a policy denies a request.
 *
 * @param rule The id of the rule that should deny it, or `default`; left out: any.
 * @throws AssertionError that says how the request is decided, and why.
 */
export function assertDenies(policy: Policy, request: Request, rule?: string): void {
  assert(policy, request, "deny", rule, assertDenies);
}

function assert(
  policy: Policy,
  request: Request,
  effect: "allow" | "deny",
  rule: string | undefined,
  stackStartFn: (...args: never[]) => void,
): void {
  const { pass, message } = matched(policy, request, effect, rule);
  if (pass) return;
  const { effect: actual, rule: by } = decide(policy, request);
  throw new AssertionError({
    message: message(),
    actual: rule === undefined ? actual : `${actual} by ${by}`,
    expected: rule === undefined ? effect : `${effect} by ${rule}`,
    operator: "policy",
    stackStartFn,
  });
}

function matched(
  policy: Policy,
  request: Request,
  effect: "allow" | "deny",
  rule: string | undefined,
): MatcherResult {
  const decision = decide(policy, request);
  const pass = decision.effect === effect && (rule === undefined || decision.rule === rule);
  return {
    pass,
    message: () => {
      const wanted = rule === undefined ? effect : `${effect} by ${quoted(rule)}`;
      const not = pass ? "not " : "";
      return `expected ${not}${wanted}, got ${decision.effect} by ${quoted(decision.rule)}: ${explain(policy, request).message}`;
    },
  };
}
