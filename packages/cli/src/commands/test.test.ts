import { expect, test } from "vitest";

import { folderWith, POLICY } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

const GOOD = `tests:
  - name: data can be read
    request: { capability: filesystem, operation: read, target: /srv/data/a.csv }
    effect: allow
    rule: data
  - { request: { capability: network, target: "evil.example:443" }, effect: deny, rule: default }
`;
const BAD = `tests:
  - { request: { capability: filesystem, operation: read, target: "/srv/data/.env\\u001b[2J" }, effect: deny }
`;

test("tests that pass exit with 0, and --coverage says what none reached", async () => {
  using folder = folderWith({ "policy.yaml": POLICY, "a.policy-test.yaml": GOOD });
  const { code, stdout, stderr } = await runCommand(
    ["test", "policy.yaml", "a.policy-test.yaml", "--coverage"],
    { cwd: folder.path },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(`2 passed, 0 failed
4 of 11 rules and their branches were reached
  rule "data" decided nothing by list
  rule "dotenv" decided nothing
  rule "api" decided nothing
`);
});

test("a test that fails is one line, as file:line, and nothing in it moves the cursor", async () => {
  using folder = folderWith({ "policy.yaml": POLICY, "a.yaml": GOOD, "b.yaml": BAD });
  const { code, stdout } = await runCommand(["test", "policy.yaml", "a.yaml", "b.yaml"], {
    cwd: folder.path,
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^b\.yaml:2: filesystem read .*: expected deny, got allow by "data"; .*granted by rule "data"$/m,
  );
  expect(stdout).toMatch(/^2 passed, 1 failed$/m);
  expect(stdout).toMatch(/^[\n -~]+$/);
});

test("--json has each result, the mistakes and the coverage", async () => {
  using folder = folderWith({ "policy.yaml": POLICY, "a.yaml": GOOD, "b.yaml": "tests: 5\n" });
  const { code, stdout } = await runCommand(["test", "policy.yaml", "a.yaml", "b.yaml", "--json"], {
    cwd: folder.path,
  });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    passed: 2,
    failed: 0,
    results: [
      { file: "a.yaml", passed: true, test: { name: "data can be read", line: 2 } },
      { file: "a.yaml", passed: true, decision: { effect: "deny", rule: "default" } },
    ],
    issues: [{ file: "b.yaml", path: "tests", line: 1, message: "5 is not a list" }],
    coverage: { covered: 4, total: 11 },
  });
});

test("without tests it is wrong usage, and a file that is not there fails", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const none = await runCommand(["test", "policy.yaml"], { cwd: folder.path });
  expect(none.code).toBe(2);
  const nowhere = await runCommand(["test", "policy.yaml", "nowhere"], { cwd: folder.path });
  expect(nowhere.code).toBe(1);
  expect(nowhere.stderr).toMatch(/ENOENT.*nowhere/);
});
