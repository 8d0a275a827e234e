import { expect, test } from "vitest";

import { exportedNames } from "./exported-names.ts";

// The surface of each entry: it changes on purpose (`pnpm test surface -u`) or not at all.
test("@pyisolate/policy exports these names", async () => {
  expect(await exportedNames("@pyisolate/policy")).toMatchInlineSnapshot(`
    [
      "CAPABILITIES",
      "DEFAULT_RULE",
      "DENIAL_REASONS",
      "DenialEvent",
      "InvalidDenialEventError",
      "InvalidPolicyError",
      "InvalidPolicyTestsError",
      "KERNEL_EVIDENCE",
      "MAX_CELL_LENGTH",
      "MAX_POLICY_NAME_LENGTH",
      "MAX_TARGET_LENGTH",
      "OPERATIONS",
      "PolicyAuthError",
      "PolicyError",
      "TooEntangledError",
      "VERDICTS",
      "addRules",
      "canonicalHost",
      "cleanText",
      "decide",
      "denialEvent",
      "diffLimits",
      "diffPolicies",
      "explain",
      "isCapabilityName",
      "isCleanText",
      "isPublicAddress",
      "lintPolicy",
      "loadPolicy",
      "newInstance",
      "parseDenialEvent",
      "parsePolicy",
      "parsePolicyTests",
      "suggestRules",
      "testPolicy",
      "type Capability",
      "type CapabilityName",
      "type Cause",
      "type CellTotals",
      "type Decision",
      "type DenialEventJson",
      "type DenialFields",
      "type DenialInput",
      "type DenialReason",
      "type DenialSink",
      "type Denied",
      "type Explanation",
      "type GuardedCapability",
      "type KernelEvidence",
      "type Lack",
      "type LimitChange",
      "type Limits",
      "type LintFinding",
      "type NearestRule",
      "type Operation",
      "type OperationName",
      "type OwnCapabilities",
      "type Policy",
      "type PolicyChange",
      "type PolicyCoverage",
      "type PolicyInput",
      "type PolicyIssue",
      "type PolicyTest",
      "type PolicyTestReport",
      "type PolicyTestResult",
      "type RefusedDenial",
      "type Request",
      "type Rule",
      "type RuleCapability",
      "type RuleCoverage",
      "type RuleToAdd",
      "type SuggestOptions",
      "type Suggestion",
      "type Verdict",
      "type WiderPattern",
    ]
  `);
});

test("@pyisolate/policy/testing exports these names", async () => {
  expect(await exportedNames("@pyisolate/policy/testing")).toMatchInlineSnapshot(`
    [
      "assertAllows",
      "assertDenies",
      "policyMatchers",
      "type MatcherResult",
      "type PolicyMatchers",
    ]
  `);
});

test("@pyisolate/policy/options exports these names", async () => {
  expect(await exportedNames("@pyisolate/policy/options")).toMatchInlineSnapshot(`
    [
      "flag",
      "functionOf",
      "inWords",
      "isRecord",
      "isThenable",
      "mustBe",
      "mustHold",
      "nonEmptyText",
      "oneOf",
      "optionsOf",
      "readOptions",
      "whole",
      "withMethods",
      "type OptionCheck",
      "type OptionChecks",
    ]
  `);
});

test("@pyisolate/sandbox-core exports these names", async () => {
  expect(await exportedNames("@pyisolate/sandbox-core")).toMatchInlineSnapshot(`
    [
      "CellStartError",
      "ClosedError",
      "GUEST_SURFACE",
      "GuestError",
      "PolicyAuthError",
      "PolicyError",
      "RIGHTS",
      "Supervisor",
      "printKernelPlan",
      "type CellUser",
      "type Grant",
      "type GuardedOperation",
      "type GuestOperation",
      "type Hold",
      "type KernelPlan",
      "type Lookup",
      "type PlannedRule",
      "type Sandbox",
      "type ShadowTotals",
      "type SpawnOptions",
      "type Stats",
      "type SupervisorOptions",
    ]
  `);
});

test("@pyisolate/telemetry exports these names", async () => {
  expect(await exportedNames("@pyisolate/telemetry")).toMatchInlineSnapshot(`
    [
      "ATTRIBUTES",
      "CLOSE_CAUSES",
      "ChainCheck",
      "DECISIONS",
      "DROPPED",
      "DROP_REASONS",
      "DenialEvent",
      "EVENTS",
      "FOLDABLE",
      "LOSS_REASONS",
      "METRICS",
      "NODE_CAPABILITIES",
      "OTHER",
      "OUTCOMES",
      "PolicyAuthError",
      "PolicyError",
      "REDACTION_FAILURES",
      "SCOPE",
      "STATES",
      "SeriesBudgetWarning",
      "createDenialRecorder",
      "denialEvent",
      "denialLogRecord",
      "denialSeverity",
      "nodePermissionDenial",
      "parseDenialEvent",
      "prometheusLabel",
      "prometheusName",
      "recordNodePermission",
      "redactTarget",
      "seriesBudget",
      "type Capability",
      "type CapabilityName",
      "type CellTotals",
      "type ChainFault",
      "type ChainFinding",
      "type ChainReport",
      "type DenialEventJson",
      "type DenialFields",
      "type DenialInput",
      "type DenialReason",
      "type DenialRecorder",
      "type DenialRecorderOptions",
      "type DenialSink",
      "type DimensionBudget",
      "type DropReason",
      "type Dropped",
      "type Health",
      "type InstrumentBudget",
      "type KernelEvidence",
      "type Ledger",
      "type LossReason",
      "type NearestRule",
      "type NodePermissionOptions",
      "type NodePermissionSource",
      "type NodeRefusal",
      "type Operation",
      "type OperationName",
      "type OtlpAttribute",
      "type OtlpRecord",
      "type OtlpValue",
      "type OwnCapabilities",
      "type Redact",
      "type RedactionFailure",
      "type SeriesBudgetOptions",
      "type Verdict",
    ]
  `);
});

test("@pyisolate/telemetry/testing exports these names", async () => {
  expect(await exportedNames("@pyisolate/telemetry/testing")).toMatchInlineSnapshot(`
    [
      "assertDenied",
      "assertNotDenied",
      "createTestRecorder",
      "denialMatchers",
      "type DenialLayer",
      "type DenialMatchers",
      "type DenialSource",
      "type ExpectedDenial",
      "type MatcherResult",
      "type TestRecorder",
    ]
  `);
});

test("@pyisolate/telemetry/sdk exports these names", async () => {
  expect(await exportedNames("@pyisolate/telemetry/sdk")).toMatchInlineSnapshot(`
    [
      "TelemetryStartError",
      "resendRefused",
      "startTelemetry",
      "type Delivery",
      "type ResendHow",
      "type Resent",
      "type Telemetry",
      "type TelemetryOptions",
      "type TelemetryStartCode",
    ]
  `);
});
