import { expect, test } from "vitest";

import { folderWith, POLICY } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

const MISTAKEN = `version: 1
name: plugins
rules:
  - id: data
    effect: allow
    capability: filesytem
    operations: [read]
    paths: ["\\u001b[2J/srv"]
`;

test("policies without mistakes are fine, and exit with 0", async () => {
  using folder = folderWith({ "one.yaml": POLICY, "two.yaml": POLICY });
  const { code, stdout, stderr } = await runCommand(["check", "one.yaml", "two.yaml"], {
    cwd: folder.path,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    /^one\.yaml: fine: plugins, 3 rules, [0-9a-f]{16}\ntwo\.yaml: fine: plugins, 3 rules, [0-9a-f]{16}\n$/,
  );
});

test("each mistake is one line, as file:line, with what was meant; nothing in it moves the cursor", async () => {
  using folder = folderWith({ "good.yaml": POLICY, "bad.yaml": MISTAKEN });
  const { code, stdout } = await runCommand(["check", "good.yaml", "bad.yaml"], {
    cwd: folder.path,
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^good\.yaml: fine/);
  expect(stdout).toMatch(
    /^bad\.yaml:6: rules\[0\]\.capability: "filesytem" is unknown; did you mean "filesystem"\?/m,
  );
  expect(stdout).toMatch(/^[\n -~]*$/);
});

test("a file that cannot be read is reported by its name", async () => {
  using folder = folderWith({});
  const { code, stdout } = await runCommand(["check", "nowhere.yaml"], { cwd: folder.path });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^nowhere\.yaml: cannot be read: ENOENT/);
});

test("--json has a row for each file, with its mistakes", async () => {
  using folder = folderWith({ "good.yaml": POLICY, "bad.yaml": MISTAKEN });
  const { code, stdout } = await runCommand(["check", "good.yaml", "bad.yaml", "--json"], {
    cwd: folder.path,
  });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { file: "good.yaml", ok: true, policy: "plugins", rules: 3, issues: [] },
    {
      file: "bad.yaml",
      ok: false,
      issues: [
        { path: "rules[0].capability", line: 6 },
        { path: "rules[0].paths[0]", line: 8 },
      ],
    },
  ]);
});

test("what a policy grants and may not mean is a warning at its line, and no mistake", async () => {
  const granting = `${POLICY}  - { id: sh, effect: allow, capability: subprocess, commands: [/bin/sh] }\n`;
  using folder = folderWith({ "policy.yaml": granting });
  const told = await runCommand(["check", "policy.yaml"], { cwd: folder.path });
  expect(told.code).toBe(0);
  expect(told.stdout).toMatch(
    /^policy\.yaml:[0-9]+: rules\[3\]\.commands\[0\]: warning: sh runs other programs/m,
  );
  const json = await runCommand(["check", "policy.yaml", "--json"], { cwd: folder.path });
  expect(JSON.parse(json.stdout)).toMatchObject([
    { ok: true, issues: [], warnings: [{ path: "rules[3].commands[0]" }] },
  ]);
});

test("without a policy it is wrong usage", async () => {
  const { code, stderr } = await runCommand(["check"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^check needs POLICY\.\.\.\n\nUsage: pyisolate check POLICY\.\.\. \[options\]\n/,
  );
});

test("--lint finds rules without effect, by line, and exits with 1", async () => {
  const text = `${POLICY}  - { id: std, effect: allow, capability: import, modules: [node:fs] }
`;
  const vain = `${text}  - { id: a.csv, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/data/a.csv"] }
`;
  using folder = folderWith({ "good.yaml": text, "vain.yaml": vain });
  const good = await runCommand(["check", "good.yaml", "--lint"], { cwd: folder.path });
  expect(good).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^good.yaml: fine/) as string,
  });
  const { code, stdout } = await runCommand(["check", "vain.yaml", "--lint"], { cwd: folder.path });
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^vain\.yaml:8: rules\[4\]: shadowed: rule "a\.csv" never decides: "data" covers all of it$/m,
  );
  const json = await runCommand(["check", "vain.yaml", "--lint", "--json"], { cwd: folder.path });
  expect(JSON.parse(json.stdout)).toMatchObject([
    { ok: true, lint: [{ kind: "shadowed", rule: "a.csv", line: 8, by: ["data"] }] },
  ]);
});
