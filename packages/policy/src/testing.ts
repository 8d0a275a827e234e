// For tests of policies: matchers of vitest and Jest, and assertions for node:test.
export {
  assertAllows,
  assertDenies,
  type MatcherResult,
  type PolicyMatchers,
  policyMatchers,
} from "./policy-tests/matchers.ts";
