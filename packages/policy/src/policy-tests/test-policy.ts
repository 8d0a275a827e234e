import { decide } from "../decide.ts";
import type { Decision } from "../decision.ts";
import { explain } from "../explain/explain.ts";
import { didYouMean } from "../parse/did-you-mean.ts";
import { inWords } from "../describe-value.ts";
import type { Policy } from "../policy.ts";
import type { Request } from "../request.ts";
import { quoted } from "../clean-text.ts";
import { operationsOf } from "../capabilities.ts";
import { CAPABILITIES } from "../vocabulary.ts";
import { Coverage, type PolicyCoverage } from "./coverage.ts";
import type { PolicyTest } from "./policy-test.ts";

/** How one test ended. */
export interface PolicyTestResult {
  readonly test: PolicyTest;
  readonly passed: boolean;
  /** The policy's decision on the test's request. */
  readonly decision: Decision;
  /** What is wrong, in words; cleaned. Undefined for a test that passed. */
  readonly message: string | undefined;
}

/** How tests of a policy ended. */
export interface PolicyTestReport {
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly PolicyTestResult[];
  /** What of the policy the requests of all tests reached. */
  readonly coverage: PolicyCoverage;
}

/**
 * Decides the request of each test, and compares. A request whose capability or operation the policy does not know fails, whatever
 * it expects, and so does one whose target is not valid for its capability (a host without a port, a relative path, none): every
 * policy denies such a request, so the test would pass whatever the policy grants.
 *
 * @example
 * const { failed } = testPolicy(policy, parsePolicyTests(await readFile("plugins.policy-test.yaml", "utf8")));
 */
export function testPolicy(policy: Policy, tests: readonly PolicyTest[]): PolicyTestReport {
  const coverage = new Coverage(policy);
  const results = tests.map((test): PolicyTestResult => {
    const decision = decide(policy, test.request);
    coverage.add(test.request, decision);
    const message = mistakeIn(policy, test, decision);
    return { test, passed: message === undefined, decision, message };
  });
  const passed = results.filter((result) => result.passed).length;
  return { passed, failed: results.length - passed, results, coverage: coverage.report() };
}

function mistakeIn(policy: Policy, test: PolicyTest, decision: Decision): string | undefined {
  const { request, effect, rule } = test;
  const unknown = unknownWord(policy, request);
  if (unknown !== undefined) return unknown;
  const { cause, message } = explain(policy, request);
  if (cause === "malformed") return `no policy could allow this request: ${message}`;
  if (decision.effect === effect && (rule === undefined || decision.rule === rule))
    return undefined;
  const wanted = rule === undefined ? effect : `${effect} by ${quoted(rule)}`;
  const noRule =
    rule === undefined || rule === "default" || policy.rules.some(({ id }) => id === rule)
      ? ""
      : `; the policy has no rule ${quoted(rule)}`;
  return `expected ${wanted}, got ${decision.effect} by ${quoted(decision.rule)}${noRule}; ${message}`;
}

/** What is wrong with the words of a request; undefined if the policy knows them. */
function unknownWord(policy: Policy, { capability, operation }: Request): string | undefined {
  const operations = operationsOf(capability, policy.capabilities);
  if (operations === undefined) {
    const known = [...CAPABILITIES, ...Object.keys(policy.capabilities)];
    return `capability ${inWords(capability)} is unknown${near(capability, known)}`;
  }
  return operations.includes(operation)
    ? undefined
    : `operation ${inWords(operation)} is unknown in ${capability}${near(operation, operations)} (must be one of ${operations.join(", ")})`;
}

function near(word: string, words: readonly string[]): string {
  const meant = didYouMean(word, words);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}
