export { parsePolicy, loadPolicy } from "./parse/parse.ts";
export { addRules } from "./parse/add-rules.ts";
export { isForEachCell, policyFor } from "./policy-for-cell.ts";
export { decide } from "./decide.ts";
export { explain } from "./explain/explain.ts";
export { explainer } from "./explain/explainer.ts";
export { reasonInWords } from "./explain/words.ts";
export type { RuleNotes } from "./rule-notes.ts";
export type { Cause, Explanation, Lack, RuleToAdd } from "./explain/explanation.ts";
export { diffPolicies, type PolicyChange } from "./diff/diff-policies.ts";
export { diffLimits, type LimitChange } from "./diff/diff-limits.ts";
export { TooEntangledError } from "./language/effort.ts";
export { suggestRules, type Denied, type SuggestOptions } from "./suggest/suggest-rules.ts";
export type { RefusedDenial, Suggestion, WiderPattern } from "./suggest/suggestion.ts";
export { lintPolicy, type LintFinding } from "./lint/lint-policy.ts";
export { InvalidPolicyTestsError, parsePolicyTests } from "./policy-tests/parse-policy-tests.ts";
export type { PolicyTest } from "./policy-tests/policy-test.ts";
export {
  testPolicy,
  type PolicyTestReport,
  type PolicyTestResult,
} from "./policy-tests/test-policy.ts";
export type { PolicyCoverage, RuleCoverage } from "./policy-tests/coverage.ts";
export { denialEvent, type DenialInput } from "./event/create-event.ts";
export { newInstance } from "./event/sequence.ts";
export { parseDenialEvent, InvalidDenialEventError } from "./event/parse-event.ts";
export { DenialEvent, KERNEL_EVIDENCE } from "./event/event.ts";
export type {
  DenialEventJson,
  DenialFields,
  Explains,
  KernelEvidence,
  ShownTexts,
} from "./event/event.ts";
export { isCapabilityName } from "./identifier.ts";
export type { OwnCapabilities } from "./capabilities.ts";
export type { CellTotals, DenialSink } from "./event/sink.ts";
export { PolicyError, PolicyAuthError, InvalidPolicyError, type PolicyIssue } from "./errors.ts";
export type { CommandPattern, CommandScope, Limits, Policy, PolicyInput, Rule } from "./policy.ts";
export type { Request } from "./request.ts";
export type { Decision, NearestRule } from "./decision.ts";
export { commandLine, readCommandLine } from "./match/command-line.ts";
export { isToolName } from "./match/tool-name.ts";
export { canonicalHost } from "./match/canonical-host.ts";
export { isPublicAddress } from "./match/public-address.ts";
export {
  cleanText,
  isCleanText,
  MAX_CELL_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_EXPLANATION_LENGTH,
  MAX_OWNER_LENGTH,
  MAX_POLICY_NAME_LENGTH,
  MAX_TARGET_LENGTH,
} from "./clean-text.ts";
export { CAPABILITIES, DEFAULT_RULE, DENIAL_REASONS, OPERATIONS, VERDICTS } from "./vocabulary.ts";
export type {
  Capability,
  CapabilityName,
  DenialReason,
  GuardedCapability,
  Operation,
  OperationName,
  RuleCapability,
  Verdict,
} from "./vocabulary.ts";
