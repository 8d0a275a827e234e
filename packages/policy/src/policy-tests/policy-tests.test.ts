import { AssertionError } from "node:assert";

import { describe, expect, test } from "vitest";

import { InvalidPolicyTestsError, parsePolicy, parsePolicyTests, testPolicy } from "../index.ts";
import { assertAllows, assertDenies, policyMatchers, type PolicyMatchers } from "../testing.ts";

declare module "vitest" {
  // The parameters are vitest's own: declarations that merge must have the same.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    toAllow: PolicyMatchers<R>["toAllow"];
    toDeny: PolicyMatchers<R>["toDeny"];
  }
}

const policy = parsePolicy(`
version: 1
name: plugins
capabilities: { crm: [get, put] }
rules:
  - { id: data,   effect: allow, capability: filesystem, operations: [read, list], paths: ["/srv/data/**", "/opt/*.csv"] }
  - { id: dotenv, effect: deny,  capability: filesystem, paths: ["**/.env"] }
  - { id: api,    effect: allow, capability: network, hosts: ["api.example.com:443"] }
  - { id: crm,    effect: allow, capability: crm, operations: [get], targets: ["people.*"] }
`);

const TESTS = `
tests:
  - name: data can be read
    request: { capability: filesystem, operation: read, target: /srv/data/a.csv }
    effect: allow
    rule: data
  - { request: { capability: filesystem, operation: read, target: /srv/data/.env }, effect: deny, rule: dotenv }
  - { request: { capability: network, target: "evil.example:443" }, effect: deny, rule: default }
  - { request: { capability: crm, operation: get, target: people.ada }, effect: allow, rule: crm }
`;

test("a command is tested with its arguments, by themselves or in its line as records show it", () => {
  const git = parsePolicy(`
version: 1
name: p
rules:
  - id: git
    effect: allow
    capability: subprocess
    commands: [{ path: /usr/bin/git, args: [log, "**"] }, { path: /usr/bin/git, args: [] }, /usr/bin/id]
`);
  const tests = parsePolicyTests(`
tests:
  - { request: { capability: subprocess, target: /usr/bin/git, args: [log, "-1"] }, effect: allow, rule: git }
  - { request: { capability: subprocess, target: '/usr/bin/git log "a b"' }, effect: allow, rule: git }
  - { request: { capability: subprocess, target: /usr/bin/git push }, effect: deny }
`);
  const { failed, coverage, results } = testPolicy(git, tests);
  expect(failed).toBe(0);
  expect(results.map(({ test: { name } }) => name)).toEqual([
    "subprocess exec /usr/bin/git log -1",
    'subprocess exec /usr/bin/git log "a b"',
    "subprocess exec /usr/bin/git push",
  ]);
  expect(coverage.rules[0]?.branches).toEqual([
    { branch: "exec", covered: true },
    { branch: "/usr/bin/git log **", covered: true },
    { branch: "/usr/bin/git", covered: false },
    { branch: "/usr/bin/id", covered: false },
  ]);
});

test.each([
  ["test: []", 'unknown key "test"; did you mean "tests"? (known: tests)'],
  [
    "tests: [{ request: { capability: random }, efect: deny }]",
    'tests[0]: unknown key "efect"; did you mean "effect"? (known: name, request, effect, rule)',
  ],
  [
    "tests: [{ request: { capability: subprocess, target: /a, arg: [] }, effect: deny }]",
    'tests[0].request: unknown key "arg"; did you mean "args"? (known: capability, operation, target, args)',
  ],
  [
    "tests: [{ request: { capability: filesystem, target: /a, args: [x] }, effect: deny }]",
    "tests[0].request.args: only a command has arguments: leave args out, or test subprocess",
  ],
  ["tests: { length: {} }", "tests: a mapping is not a list"],
])("tests that say %s are refused with what to write", (text, message) => {
  expect(() => parsePolicyTests(text)).toThrow(message);
});

describe("tests of a policy", () => {
  test("pass where the policy decides as they expect, and tell which rules and branches they reach", () => {
    const report = testPolicy(policy, parsePolicyTests(TESTS));
    expect(report).toMatchObject({ passed: 4, failed: 0 });
    expect(report.coverage).toEqual({
      rules: [
        {
          rule: "data",
          covered: true,
          branches: [
            { branch: "read", covered: true },
            { branch: "list", covered: false },
            { branch: "/srv/data/**", covered: true },
            { branch: "/opt/*.csv", covered: false },
          ],
        },
        {
          rule: "dotenv",
          covered: true,
          branches: [
            { branch: "read", covered: true },
            ...["write", "list", "stat", "remove"].map((branch) => ({ branch, covered: false })),
            { branch: "**/.env", covered: true },
          ],
        },
        {
          rule: "api",
          covered: false,
          branches: [
            { branch: "connect", covered: false },
            { branch: "api.example.com:443", covered: false },
          ],
        },
        {
          rule: "crm",
          covered: true,
          branches: [
            { branch: "get", covered: true },
            { branch: "people.*", covered: true },
          ],
        },
        { rule: "default", covered: true, branches: [] },
      ],
      covered: 10,
      total: 19,
    });
  });

  test.each<[what: string, request: string]>([
    ["a host has no port", 'network, target: "evil.example"'],
    ["an address is that of a page", 'network, target: "https://evil.example/"'],
    ["a path is relative", "filesystem, operation: read, target: etc/shadow"],
    ["a path climbs", "filesystem, operation: read, target: /srv/data/../../etc/shadow"],
    ["there is no target", "filesystem, operation: read"],
    ["a command has no path", "subprocess, target: git push"],
    ["a module is a place", "import, target: ./x.js"],
    ["a tool has no name", "tool, target: a b"],
  ])("fail where every policy denies, so that they prove nothing: %s", (_what, request) => {
    for (const effect of ["allow", "deny"]) {
      const tests = parsePolicyTests(
        `tests: [{ request: { capability: ${request} }, effect: ${effect} }]`,
      );
      expect(testPolicy(policy, tests).results).toMatchObject([
        {
          passed: false,
          message: expect.stringMatching(
            /^no policy could allow this request: .*target or an argument of it is not valid/,
          ) as unknown,
        },
      ]);
    }
  });

  test("may be of what has no target, and of limits, which no rule grants", () => {
    const tests = parsePolicyTests(`
tests:
  - { request: { capability: random }, effect: deny }
  - { request: { capability: crm, operation: get }, effect: deny }
  - { request: { capability: limit, operation: cpu }, effect: deny }
`);
    expect(testPolicy(policy, tests)).toMatchObject({ passed: 3, failed: 0 });
  });

  test.each<[what: string, test: string, message: RegExp]>([
    [
      "whose effect is another",
      "{ request: { capability: filesystem, operation: write, target: /srv/data/a }, effect: allow }",
      /^expected allow, got deny by "default"; .*does not grant this operation; .*lacks the operation "write"/,
    ],
    [
      "whose rule is another",
      "{ request: { capability: network, target: api.example.com:443 }, effect: allow, rule: web }",
      /^expected allow by "web", got allow by "api"; the policy has no rule "web"/,
    ],
    [
      "whose capability is misspelled, though it is denied as expected",
      "{ request: { capability: filesytem, operation: read, target: /x }, effect: deny }",
      /^capability "filesytem" is unknown; did you mean "filesystem"\?/,
    ],
    [
      "whose operation is misspelled, or left out of a capability that has several",
      "{ request: { capability: crm, target: people.a }, effect: deny }",
      /^operation "" is unknown in crm \(must be one of get, put\)/,
    ],
  ])("fail one %s", (_what, text, message) => {
    const { failed, results } = testPolicy(policy, parsePolicyTests(`tests: [${text}]`));
    expect(failed).toBe(1);
    expect(results[0]).toMatchObject({ passed: false });
    expect(results[0]?.message).toMatch(message);
    expect(results[0]?.test.line).toBe(1);
  });

  test("that cannot be read are told with their lines", () => {
    const text = `tests:
  - { request: { capability: network, target: 5 }, effect: allow }
  - { request: {}, effect: alow, rul: x }
`;
    expect(() => parsePolicyTests(text)).toThrow(InvalidPolicyTestsError);
    expect(() => parsePolicyTests(text)).toThrow(
      `Invalid policy tests:
  line 2: tests[0].request.target: 5 is not text; put it in quotes: "5"
  line 3: tests[1].request.capability: is missing; write text
  line 3: tests[1].effect: "alow" is unknown; did you mean "allow"? (must be one of allow, deny)
  line 3: tests[1]: unknown key "rul"; did you mean "rule"? (known: name, request, effect, rule)`,
    );
    expect(() => parsePolicyTests("tests: []")).toThrow("tests: is empty; write a test");
    expect(() => parsePolicyTests("a: &a [*a]")).toThrow(InvalidPolicyTestsError);
  });
});

const env = { capability: "filesystem", operation: "read", target: "/srv/data/.env" };
const data = { capability: "filesystem", operation: "read", target: "/srv/data/a.csv" };

describe("in a test of one's own", () => {
  test("vitest's expect takes the matchers, and their messages explain", () => {
    expect.extend(policyMatchers);
    expect(policy).toAllow(data);
    expect(policy).toAllow(data, "data");
    expect(policy).toDeny(env, "dotenv");
    expect(policy).not.toAllow(env);
    expect(() => expect(policy).toAllow(env)).toThrow(
      /expected allow, got deny by "dotenv": .*refused by rule "dotenv"/,
    );
    expect(() => expect(policy).not.toDeny(env)).toThrow(/expected not deny, got deny/);
  });

  test("assertions throw an AssertionError, as node:test shows it", () => {
    assertAllows(policy, data, "data");
    assertDenies(policy, env);
    expect(() => assertDenies(policy, env, "default")).toThrow(AssertionError);
    expect(() => assertDenies(policy, env, "default")).toThrow(
      expect.objectContaining({ actual: "deny by dotenv", expected: "deny by default" }) as Error,
    );
  });
});
