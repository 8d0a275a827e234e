export { createTestRecorder, type TestRecorder } from "./test-recorder/test-recorder.ts";
export { assertDenied, assertNotDenied } from "./test-recorder/assert-denied.ts";
export {
  denialMatchers,
  type DenialMatchers,
  type MatcherResult,
} from "./test-recorder/denial-matchers.ts";
export type { DenialSource } from "./test-recorder/denials-of.ts";
export type { DenialLayer, ExpectedDenial } from "./test-recorder/expected-denial.ts";
