import { describe, expect, test } from "vitest";

import { folderWith, POLICY } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

const READ = ["why", "policy.yaml", "--capability", "filesystem", "--operation", "read"];

test("a refusal is explained: the cause, what the nearest rule lacks, and the rule that would grant it", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const { code, stdout, stderr } = await runCommand([...READ, "--target", "/etc/shadow"], {
    cwd: folder.path,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    /^deny: "filesystem" "read" of "\/etc\/shadow": .*the nearest rule "data" lacks the path/,
  );
  const rule = /^ {2}- (\{.*\})$/m.exec(stdout)?.[1] ?? "";
  using granting = folderWith({ "policy.yaml": `${POLICY}  - ${rule}\n` });
  const again = await runCommand([...READ, "--target", "/etc/shadow"], { cwd: granting.path });
  expect(again.stdout).toMatch(/^allow: .*granted by rule "allow-filesystem-read"/);
});

test("--json gives effect, rule, cause, nearest and change, and nothing else", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const { code, stdout } = await runCommand([...READ, "--target", "/etc/shadow", "--json"], {
    cwd: folder.path,
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    effect: "deny",
    rule: "default",
    cause: "outside_scope",
    nearest: { rule: "data", what: "path", wanted: "/etc/shadow", has: ["/srv/data/**"] },
    change: {
      id: "allow-filesystem-read",
      effect: "allow",
      capability: "filesystem",
      operations: ["read"],
      paths: ["/etc/shadow"],
    },
  });
});

test("what the policy says of the rule that decides, and whom to ask, is told", async () => {
  const notes = 'description: "Tables for all", owner: data-team';
  using folder = folderWith({
    "policy.yaml": `${POLICY}  - { id: keys, effect: deny, capability: filesystem, paths: ["/srv/data/keys"], ${notes} }\n`,
  });
  const ask = [...READ, "--target", "/srv/data/keys"];
  const { stdout } = await runCommand(ask, { cwd: folder.path });
  expect(stdout).toContain(`described as "Tables for all", owned by "data-team"`);
  const json = await runCommand([...ask, "--json"], { cwd: folder.path });
  expect(JSON.parse(json.stdout)).toEqual({
    effect: "deny",
    rule: "keys",
    description: "Tables for all",
    owner: "data-team",
    cause: "refused_by_rule",
    nearest: null,
    change: null,
  });
});

test("no change is offered for what a deny rule refuses, nor for what is granted", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const answers = await Promise.all(
    ["/srv/data/.env", "/srv/data/a.csv"].map(
      async (target) =>
        await runCommand([...READ, "--target", target, "--json"], { cwd: folder.path }),
    ),
  );
  expect(answers.map(({ stdout }) => JSON.parse(stdout) as unknown)).toMatchObject([
    { effect: "deny", rule: "dotenv", cause: "refused_by_rule", change: null },
    { effect: "allow", rule: "data", cause: "granted", nearest: null, change: null },
  ]);
});

test("an operation that is its capability's only one may be left out", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const { stdout } = await runCommand(
    ["why", "policy.yaml", "--capability", "network", "--target", "api.example.com:443"],
    { cwd: folder.path },
  );
  expect(stdout).toMatch(/^allow: /);
});

test("a capability that the policy declares is asked for as the built-in ones are", async () => {
  using folder = folderWith({
    "policy.yaml": `version: 1
name: reporting
capabilities: { database: [query, write], mail: [send] }
rules:
  - { id: reports, effect: allow, capability: database, operations: [query], targets: ["reports.*"] }
`,
  });
  const ask = async (...args: string[]) =>
    await runCommand(["why", "policy.yaml", "--capability", ...args], { cwd: folder.path });
  const query = ["database", "--operation", "query", "--target"];
  const [granted, refused, only, unknown] = await Promise.all([
    ask(...query, "reports.daily"),
    ask(...query, "orders.daily"),
    ask("mail", "--target", "kim"),
    ask("databse", "--target", "x"),
  ]);
  expect(granted.stdout).toMatch(/^allow: .*granted by rule "reports"/);
  expect(refused.stdout).toMatch(/the nearest rule "reports" lacks the target "orders\.daily"/);
  expect(refused.stdout).toMatch(/^ {2}- \{.*"targets":\["orders\.daily"\]\}$/m);
  expect(only.stdout).toMatch(/^deny: "mail" "send" of "kim"/);
  expect(unknown.stderr).toMatch(/did you mean "database"\?/);
});

test("a command is asked about with its arguments, as a record shows them", async () => {
  const granting = `${POLICY}  - id: git
    effect: allow
    capability: subprocess
    commands: [{ path: /usr/bin/git, args: ["log", "**"] }]
`;
  using folder = folderWith({ "policy.yaml": granting });
  const ask = async (target: string) =>
    JSON.parse(
      (
        await runCommand(
          ["why", "policy.yaml", "--capability", "subprocess", "--target", target, "--json"],
          { cwd: folder.path },
        )
      ).stdout,
    ) as unknown;
  expect(await ask("/usr/bin/git log -n 3")).toMatchObject({ effect: "allow", rule: "git" });
  expect(await ask('/usr/bin/git push "a b"')).toMatchObject({
    effect: "deny",
    nearest: { rule: "git", what: "arguments", has: ["/usr/bin/git log **"] },
    change: { commands: [{ path: "/usr/bin/git", args: ["push", "a b"] }] },
  });
});

test("a guest's target cannot move the cursor or reorder the line", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  for (const more of [[], ["--json"]]) {
    const { stdout } = await runCommand([...READ, "--target", "/\u001B[2J\u202Ex", ...more], {
      cwd: folder.path,
    });
    expect(stdout).toMatch(/^[\n -~]+$/);
  }
});

test.each([
  [["--capability", "filesytem", "--target", "/x"], /--capability .*did you mean "filesystem"\?/],
  [
    ["--capability", "filesystem", "--operation", "reed", "--target", "/x"],
    /--operation .*did you mean "read"\?/,
  ],
  [["--capability", "filesystem", "--operation", "read"], /--target is missing/],
])("%j is wrong usage", async (args, message) => {
  const { code, stderr } = await runCommand(["why", "policy.yaml", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test("a policy with mistakes tells them, and exits with 1", async () => {
  using folder = folderWith({ "policy.yaml": "version: 2\n" });
  const { code, stdout, stderr } = await runCommand([...READ, "--target", "/x"], {
    cwd: folder.path,
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^policy\.yaml:1: version: /m);
});

describe("a policy with ${cell} in its paths", () => {
  const TENANTS = `version: 1
name: tenants
rules:
  - { id: own, effect: allow, capability: filesystem, operations: [read], paths: ["/srv/tenants/\${cell}/**"] }
`;
  const asked = async (target: string, ...more: string[]) => {
    using folder = folderWith({ "policy.yaml": TENANTS });
    return await runCommand([...READ, "--target", target, ...more], { cwd: folder.path });
  };

  test("decides for the cell that is named", async () => {
    const own = await asked("/srv/tenants/a/x", "--cell", "a");
    expect(own.code).toBe(0);
    expect(own.stdout).toMatch(/^allow: .*rule "own"/);
    const other = await asked("/srv/tenants/a/x", "--cell", "b");
    expect(other.stdout).toMatch(/^deny: .*nearest rule "own" lacks the path/);
    expect(other.stdout).toContain("would grant it to every cell, and nothing else");
  });

  test.each([
    [[], /--cell is missing: the policy has \$\{cell\} in its paths/],
    [["--cell", "../b"], /--cell: the policy tenants has .*must be the name of one directory/],
  ])(
    "is asked for no cell, or for none that there can be, with %j: wrong usage",
    async (more, text) => {
      const { code, stderr } = await asked("/srv/tenants/a/x", ...more);
      expect(code).toBe(2);
      expect(stderr).toMatch(text);
    },
  );
});
