import type { PolicyCoverage, PolicyIssue, PolicyTestResult } from "@pyisolate/policy";

import type { Command, OptionTable } from "../command.ts";
import { mistakeLine, policyOrMistakes } from "../policy-file.ts";
import { readText } from "../read-file.ts";
import type { Terminal } from "../terminal.ts";

const OPTIONS = {
  "--coverage": { help: "list the rules, operations and patterns that no test reached" },
  "--json": { help: "the same for programs: { passed, failed, results, issues, coverage }" },
} as const satisfies OptionTable;

export const test: Command<typeof OPTIONS> = {
  name: "test",
  summary: "runs tests of a policy, and says what of it they did not reach",
  operands: ["POLICY", "TESTS..."],
  about: `Decides the request of each test and compares. A test says which effect is expected and, if that matters, by which rule:

  # plugins.policy-test.yaml
  tests:
    - name: data can be read
      request: { capability: filesystem, operation: read, target: /srv/data/a.csv }
      effect: allow
      rule: data
    - request: { capability: network, target: "evil.example:443" }
      effect: deny
      rule: default

The operation may be left out if its capability has only one, and the name as well. A test that fails is one line, FILE:LINE: name:
what was expected, what came, and why. A capability or operation that the policy does not know fails, whatever is expected, and so
does a target that every policy denies: a host without a port, a relative path, none.`,
  options: OPTIONS,
  notes: `Exit code: 0 where every test passes; 1 where one fails, or a file cannot be read; 2 for wrong usage.`,
  async run({ options, operands: [file = "", ...testFiles] }, { terminal }) {
    const policy = await policyOrMistakes(file, terminal);
    if (policy === undefined) return 1;
    const { testPolicy } = await import("@pyisolate/policy");
    const read = await Promise.all(testFiles.map(readTests));
    const tests = read.flatMap(({ file: from, tests: own }) =>
      own.map((each) => ({ ...each, file: from })),
    );
    const issues = read.flatMap(({ file: from, issues: own }) =>
      own.map((each) => ({ file: from, ...each })),
    );
    const { passed, failed, results, coverage } = testPolicy(policy, tests);
    const all = results.map((result, at) => ({ file: tests[at]?.file ?? "", ...result }));
    if (options["--json"] === true)
      terminal.json({ passed, failed, results: all, issues, coverage });
    else {
      for (const { file: from, ...issue } of issues) terminal.out(mistakeLine(from, issue), "bad");
      for (const each of all) if (!each.passed) terminal.out(failureLine(each), "bad");
      terminal.out(`${passed} passed, ${failed} failed`, failed === 0 ? "good" : "bad");
      if (options["--coverage"] === true) printCoverage(terminal, coverage);
    }
    return failed + issues.length === 0 ? 0 : 1;
  },
};

type TestsFile = { readonly file: string } & {
  readonly tests: ReturnType<typeof import("@pyisolate/policy").parsePolicyTests>;
  readonly issues: readonly PolicyIssue[];
};

async function readTests(file: string): Promise<TestsFile> {
  const { InvalidPolicyTestsError, parsePolicyTests } = await import("@pyisolate/policy");
  const text = await readText(file);
  try {
    return { file, tests: parsePolicyTests(text), issues: [] };
  } catch (error) {
    if (error instanceof InvalidPolicyTestsError) return { file, tests: [], issues: error.issues };
    throw error;
  }
}

function failureLine({ file, test: { name, line }, message }: PolicyTestResult & { file: string }) {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${place}: ${name}: ${message}`;
}

function printCoverage(terminal: Terminal, { rules, covered, total }: PolicyCoverage): void {
  terminal.out(`${covered} of ${total} rules and their branches were reached`);
  for (const { rule, covered: isCovered, branches } of rules) {
    if (!isCovered) terminal.out(`  rule ${JSON.stringify(rule)} decided nothing`);
    else {
      const missed = branches.filter((each) => !each.covered).map(({ branch }) => branch);
      if (missed.length > 0)
        terminal.out(`  rule ${JSON.stringify(rule)} decided nothing by ${missed.join(", ")}`);
    }
  }
}
