import { expect, test } from "vitest";

import { folderWith, POLICY } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

const CHANGED = `version: 1
name: plugins
rules:
  - { id: data,   effect: allow, capability: filesystem, operations: [read, list], paths: ["/srv/**"] }
  - { id: dotenv, effect: deny,  capability: filesystem, paths: ["**/.env"] }
limits: { cpu_ms: 500 }
`;

test("what is newly allowed and denied is told with a witness and its rule, and exits with 1", async () => {
  using folder = folderWith({ "a.yaml": POLICY, "b.yaml": CHANGED });
  const { code, stdout, stderr } = await runCommand(["diff", "a.yaml", "b.yaml"], {
    cwd: folder.path,
  });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    '+ filesystem read, list: /srv (rule "data")',
    '- filesystem list: /srv/data/.env (rule "dotenv")',
    '- network connect: api.example.com:443 (default; rule "api" allowed it)',
    "- limit.cpu: 1000, now 500",
    "",
  ]);
});

test("--json has a row for each operation, and limits as rows of their own", async () => {
  using folder = folderWith({ "a.yaml": POLICY, "b.yaml": CHANGED });
  const { code, stdout } = await runCommand(["diff", "a.yaml", "b.yaml", "--json"], {
    cwd: folder.path,
  });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual([
    {
      capability: "filesystem",
      operation: "read",
      change: "allowed",
      witness: "/srv",
      rule: "data",
    },
    {
      capability: "filesystem",
      operation: "list",
      change: "allowed",
      witness: "/srv",
      rule: "data",
    },
    {
      capability: "filesystem",
      operation: "list",
      change: "denied",
      witness: "/srv/data/.env",
      rule: "dotenv",
    },
    {
      capability: "network",
      operation: "connect",
      change: "denied",
      witness: "api.example.com:443",
      rule: "default",
    },
    { capability: "limit", operation: "cpu", change: "denied", witness: "501", rule: "limit.cpu" },
  ]);
});

test("policies that decide alike exit with 0, in whatever order and words they are written", async () => {
  const reordered = POLICY.replace("/srv/data/**", "/srv/data/**/**").replace(
    /^(.*id: data.*\n)(.*id: dotenv.*\n)/m,
    "$2$1",
  );
  using folder = folderWith({ "a.yaml": POLICY, "b.yaml": reordered });
  const plain = await runCommand(["diff", "a.yaml", "b.yaml"], { cwd: folder.path });
  expect(plain).toEqual({ code: 0, stdout: "Both decide every request alike.\n", stderr: "" });
  const json = await runCommand(["diff", "a.yaml", "b.yaml", "--json"], { cwd: folder.path });
  expect(json).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
});

test("a policy with mistakes tells them and exits with 1, and one policy alone is wrong usage", async () => {
  using folder = folderWith({ "a.yaml": POLICY, "bad.yaml": "version: 2\n" });
  const bad = await runCommand(["diff", "a.yaml", "bad.yaml"], { cwd: folder.path });
  expect({ code: bad.code, stdout: bad.stdout }).toEqual({ code: 1, stdout: "" });
  expect(bad.stderr).toMatch(/^bad\.yaml:1: version: /m);
  const alone = await runCommand(["diff", "a.yaml"], { cwd: folder.path });
  expect(alone.code).toBe(2);
  expect(alone.stderr).toMatch(/^diff needs AFTER\n/);
});
