import {
  chmodSync,
  chownSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";

import { denialEvent } from "@pyisolate/policy";
import { expect, test } from "vitest";

import { folderWith, POLICY } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

const event = (cell: string, target: string, operation = "read"): object =>
  denialEvent({ cell, capability: "filesystem", operation, target }).toJSON();

/** A record as the Collector's file exporter writes it, in a request with one of another kind. */
const otlp = (target: string, others: readonly string[] = []): object => ({
  resourceLogs: [
    {
      resource: {},
      scopeLogs: [
        {
          logRecords: [
            { eventName: "pyisolate.cell.closed", attributes: [] },
            {
              eventName: "pyisolate.denial",
              attributes: [
                { key: "pyisolate.denial.id", value: { stringValue: `x-${target}` } },
                { key: "pyisolate.cell", value: { stringValue: "tenant-a" } },
                { key: "pyisolate.capability", value: { stringValue: "filesystem" } },
                { key: "pyisolate.operation", value: { stringValue: "read" } },
                { key: "pyisolate.attempted_action", value: { stringValue: `read:${target}` } },
                {
                  key: "pyisolate.denial.targets",
                  value: { arrayValue: { values: others.map((stringValue) => ({ stringValue })) } },
                },
              ],
            },
          ],
        },
      ],
    },
  ],
});

const lines = (...values: object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");

test("rules are suggested from the Collector's file, with what they open and what stays refused", async () => {
  const records = lines(
    otlp("/srv/in/a.csv", ["/srv/in/b.csv", "/srv/in/c.csv"]),
    otlp("/srv/in/a.csv"),
    otlp("/srv/data/.env"),
  );
  using folder = folderWith({ "policy.yaml": POLICY, "denials.jsonl": records });
  const { code, stdout, stderr } = await runCommand(["suggest", "policy.yaml", "denials.jsonl"], {
    cwd: folder.path,
  });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).toBe(`3 of 4 denials are granted by these rules:
  - {"id":"allow-filesystem-read","effect":"allow","capability":"filesystem","operations":["read"],"paths":["/srv/in/*.csv"]}

They open this, with the shortest example:
  + filesystem read: /srv/in/.csv (rule "allow-filesystem-read")
  /srv/in/*.csv in rule "allow-filesystem-read" is for 3 targets, which lie in one directory: it covers all that lies there

No rule is suggested for these:
  filesystem read /srv/data/.env (rule "dotenv"): "filesystem" "read" of "/srv/data/.env": refused by rule "dotenv", which denies; no rule that is added can grant it
`);
});

test("a record is one line up to its line feed, whatever other line ends its text has", async () => {
  const records = lines({ ...event("a", "/srv/x"), note: "one\u2028two\u2029three" });
  using folder = folderWith({ "policy.yaml": POLICY, "denials.jsonl": records });
  const { code, stdout, stderr } = await runCommand(
    ["suggest", "policy.yaml", "denials.jsonl", "--json"],
    { cwd: folder.path },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ covers: 1, rules: [{ paths: ["/srv/x"] }] });
});

test("events on standard input are taken too, and --json has the whole suggestion", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const input = lines(event("a", "/srv/x"), event("b", "/srv/y"), event("a", "/srv/data/z"));
  const { code, stdout } = await runCommand(
    ["suggest", "policy.yaml", "-", "--cell", "a", "--json"],
    { cwd: folder.path, input },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    rules: [
      {
        id: "allow-filesystem-read",
        effect: "allow",
        capability: "filesystem",
        operations: ["read"],
        paths: ["/srv/x"],
      },
    ],
    opens: [
      {
        capability: "filesystem",
        operation: "read",
        change: "allowed",
        witness: "/srv/x",
        rule: "allow-filesystem-read",
      },
    ],
    covers: 1,
    granted: 1,
    refused: [],
    wider: [],
  });
});

test("--write adds the rules to the policy, which then needs no more", async () => {
  using folder = folderWith({
    "policy.yaml": POLICY,
    "denials.json": JSON.stringify([event("a", "/srv/x"), event("a", "/srv/y", "list")], null, 2),
  });
  const args = ["suggest", "policy.yaml", "denials.json", "--write"];
  const first = await runCommand(args, { cwd: folder.path });
  expect(first.code).toBe(0);
  expect(readFileSync(join(folder.path, "policy.yaml"), "utf8")).toBe(
    `${POLICY}  - { id: allow-filesystem-read, effect: allow, capability: filesystem, operations: [ read ], paths: [ /srv/x ] }
  - { id: allow-filesystem-list, effect: allow, capability: filesystem, operations: [ list ], paths: [ /srv/y ] }
`,
  );
  const second = await runCommand(args, { cwd: folder.path });
  expect(second).toMatchObject({
    code: 0,
    stdout: "2 of 2 denials are granted by the policy already.\nNothing to add.\n",
  });
});

test("a guest's target cannot move the cursor, whatever a record says", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  for (const more of [[], ["--json"]]) {
    const { stdout } = await runCommand(["suggest", "policy.yaml", "-", ...more], {
      cwd: folder.path,
      input: lines(otlp("/\u001B[2J\u202Ex"), { ...event("a", "/x"), target: "/\u001B[2Jy" }),
    });
    expect(stdout).toMatch(/^[\n -~]+$/);
  }
});

test("--write keeps the file's mode, group and owner, and what links to it", async () => {
  using folder = folderWith({
    "real.yaml": POLICY,
    "denials.json": JSON.stringify([event("a", "/srv/x")]),
  });
  const real = join(folder.path, "real.yaml");
  chownSync(real, 1234, 2345);
  chmodSync(real, 0o660);
  symlinkSync("real.yaml", join(folder.path, "policy.yaml"));
  const { code } = await runCommand(["suggest", "policy.yaml", "denials.json", "--write"], {
    cwd: folder.path,
    node: ["--import", "data:text/javascript,process.umask(0o077)"],
  });
  expect(code).toBe(0);
  expect(readFileSync(real, "utf8")).toContain("/srv/x");
  const { mode, uid, gid } = statSync(real);
  expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o660, uid: 1234, gid: 2345 });
  expect(readlinkSync(join(folder.path, "policy.yaml"))).toBe("real.yaml");
  expect(readdirSync(folder.path).toSorted()).toEqual(["denials.json", "policy.yaml", "real.yaml"]);
});

test("--write leaves the file as it is where its owner would be lost", async () => {
  using folder = folderWith({
    "policy.yaml": POLICY,
    "denials.json": JSON.stringify([event("a", "/srv/x")]),
  });
  chmodSync(folder.path, 0o777);
  chownSync(join(folder.path, "policy.yaml"), 1234, 2345);
  const { code, stderr } = await runCommand(["suggest", "policy.yaml", "denials.json", "--write"], {
    cwd: folder.path,
    node: ["--import", "data:text/javascript,process.setgid(65534);process.setuid(65534)"],
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^policy.yaml belongs to user 1234 and group 2345.*by hand\n$/);
  expect(readFileSync(join(folder.path, "policy.yaml"), "utf8")).toBe(POLICY);
  expect(readdirSync(folder.path).toSorted()).toEqual(["denials.json", "policy.yaml"]);
});

test("a line of lists in lists holds no denials, and the others are read", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const list = `{"arrayValue":{"values":[`.repeat(100_000) + "]}}".repeat(100_000);
  const nested = JSON.stringify(otlp("/srv/y")).replace(`{"arrayValue":{"values":[]}}`, list);
  const { code, stdout, stderr } = await runCommand(["suggest", "policy.yaml", "-", "--json"], {
    cwd: folder.path,
    input: `${deep}\n${nested}\n${lines(event("a", "/srv/x"))}`,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ rules: [{ paths: ["/srv/y", "/srv/x"] }] });
});

test("a file of which no line can be read is told, and a folder or nothing in its place too", async () => {
  using folder = folderWith({ "policy.yaml": POLICY, "denials.jsonl": "half a li\n" });
  const half = await runCommand(["suggest", "policy.yaml", "denials.jsonl"], { cwd: folder.path });
  expect(half).toEqual({
    code: 1,
    stdout: "Nothing to add.\n",
    stderr: "denials.jsonl: 1 lines are not JSON, and were passed over\n",
  });
  const some = await runCommand(["suggest", "policy.yaml", "-"], {
    cwd: folder.path,
    input: "half\n{}\n",
  });
  expect(some).toMatchObject({
    code: 0,
    stderr: "-: 1 lines are not JSON, and were passed over\n",
  });
  const directory = await runCommand(["suggest", "policy.yaml", "."], { cwd: folder.path });
  expect(directory).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^\.: EISDIR/) as unknown,
  });
  const none = await runCommand(["suggest", "policy.yaml", "nowhere"], { cwd: folder.path });
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/ENOENT.*nowhere/);
});
