import { parsePolicy } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { KERNEL_PROBES, KERNEL_REFUSALS } from "../frames.ts";
import type { Disk } from "./disk.ts";
import { type JudgedOperation, evidenceOf, grants, wordOf } from "./evidence.ts";
import { type KernelPlan, kernelPlan } from "./plan.ts";

const disk: Disk = {
  kindOf: (path) => (/^\/(?:srv|srv\/data|etc|usr|usr\/bin)$/.test(path) ? "directory" : "file"),
  realPath: (path) => path,
  filesOf: (program) => ({ executed: [program], read: [] }),
};

const planOf = (...rules: object[]): KernelPlan =>
  kernelPlan(
    parsePolicy({
      version: 1,
      name: "p",
      rules: rules.map((rule, at) => ({ id: `r${at}`, effect: "allow", ...rule })),
    }),
    disk,
  );
const asked = (capability: string, operation: string, target: string): JudgedOperation => ({
  capability,
  operation,
  target,
});
const file = (operation: string, path: string): JudgedOperation =>
  asked("filesystem", operation, path);
const connect = (endpoint: string): JudgedOperation => asked("network", "connect", endpoint);
const exec = (command: string): JudgedOperation => asked("subprocess", "exec", command);

const plan = planOf(
  { capability: "filesystem", operations: ["read", "list"], paths: ["/srv/data/**"] },
  { capability: "network", hosts: ["api.example.com:443"] },
  { capability: "subprocess", commands: ["/usr/bin/git"] },
);
const empty = planOf();

test.each<[string, KernelPlan, JudgedOperation, (typeof KERNEL_REFUSALS)[number], string | null]>([
  [
    "a file outside, that permissions allow",
    plan,
    file("read", "/etc/passwd"),
    "differential",
    "differential+ruleset",
  ],
  ["a listing outside", plan, file("list", "/etc"), "differential", "differential+ruleset"],
  ["a file inside", plan, file("read", "/srv/data/x"), "differential", null],
  [
    "a new file inside what is only read",
    plan,
    file("write", "/srv/data/x"),
    "hook",
    "ruleset+errno",
  ],
  ["a removal outside", plan, file("remove", "/etc/passwd"), "hook", "ruleset+errno"],
  [
    "a read, for which nothing comes before permissions",
    plan,
    file("read", "/etc/passwd"),
    "hook",
    null,
  ],
  [
    "a look, which Landlock does not govern",
    plan,
    file("stat", "/etc/passwd"),
    "differential",
    null,
  ],
  ["another port", plan, connect("api.example.com:80"), "hook", "ruleset+errno"],
  ["a granted port", plan, connect("other.example.com:443"), "hook", null],
  ["a socket, where there are some", plan, connect("a.example.com:80"), "filter", null],
  ["a socket, where there is none", empty, connect("a.example.com:80"), "filter", "seccomp-errno"],
  ["a connection, where there is no socket", empty, connect("a.example.com:80"), "hook", null],
  ["another command", plan, exec("/usr/bin/nowhere"), "differential", "differential+ruleset"],
  ["a granted command", plan, exec("/usr/bin/git"), "differential", null],
  ["a process, where there are some", plan, exec("/usr/bin/id"), "filter", null],
  ["a process, where there is none", empty, exec("/usr/bin/id"), "filter", "seccomp-errno"],
  ["the end of a command", plan, exec("/usr/bin/git"), "ended", "seccomp-kill"],
  ["the end of a command that could not run", plan, exec("/usr/bin/id"), "ended", null],
  ["the end of a command, where none runs", empty, exec("/usr/bin/git"), "ended", null],
  ["the end of what is not a command", plan, file("read", "/x"), "ended", null],
  ["random numbers", plan, asked("random", "read", ""), "filter", null],
  ["a module", plan, asked("import", "load", "node:fs"), "differential", null],
])("%s", (_what, of, request, seen, evidence) => {
  expect(evidenceOf(of, request, seen)).toBe(evidence);
});

const ALLOW = { verdict: "allow" };
const deny = (evidence: string): object => ({ verdict: "deny", evidence });

test.each<
  [string, KernelPlan, JudgedOperation, (typeof KERNEL_PROBES)[number] | null, object | null]
>([
  ["a file inside", plan, file("read", "/srv/data/x"), "passed", ALLOW],
  ["a file inside, not asked", plan, file("read", "/srv/data/x"), null, null],
  [
    "a file outside",
    plan,
    file("read", "/etc/passwd"),
    "differential",
    deny("differential+ruleset"),
  ],
  ["a file outside, not asked", plan, file("read", "/etc/passwd"), null, null],
  ["a file outside that passed", plan, file("read", "/etc/passwd"), "passed", null],
  ["a file inside that did not", plan, file("read", "/srv/data/x"), "hook", null],
  ["a look", plan, file("stat", "/etc/passwd"), "differential", null],
  ["a look that passed", plan, file("stat", "/srv/data/x"), "passed", null],
  ["a module that passed", plan, asked("import", "load", "node:fs"), "passed", null],
  ["a granted port", plan, connect("evil.example:443"), null, ALLOW],
  ["another port", plan, connect("a:80"), null, deny("ruleset+errno")],
  ["any port, where none is", empty, connect("a:80"), null, deny("seccomp-errno")],
  ["a command, where none is", empty, exec("/x"), "passed", deny("seccomp-errno")],
  ["another command that may be read", plan, exec("/srv/data/x"), "passed", null],
  ["a command by another rule's files", plan, exec("/usr/bin/git"), "passed", ALLOW],
  ["a module", plan, asked("import", "load", "node:fs"), null, null],
  ["random numbers", plan, asked("random", "read", ""), null, null],
])("what the kernel says to %s that the broker refused", (_what, of, request, probed, word) => {
  expect(wordOf(of, request, probed)).toEqual(word);
});

test("to remove a file and to remove a directory are two rights", () => {
  const disposing = planOf({
    capability: "filesystem",
    operations: ["remove"],
    paths: ["/srv/data/file"],
  });
  const other = file("remove", "/srv/data/other");
  // The right is one on the folder, and on files.
  expect(evidenceOf(disposing, other, "hook")).toBeNull();
  expect(evidenceOf(disposing, other, "directory")).toBe("ruleset+errno");
  expect(evidenceOf(disposing, file("remove", "/etc/other"), "hook")).toBe("ruleset+errno");
});

test("whatever a cell claims, the kernel is never said to have refused what the plan grants", () => {
  const path = fc
    .array(fc.constantFrom("srv", "data", "etc", "x", ".."), { maxLength: 4 })
    .map((parts) => `/${parts.join("/")}`);
  const request = fc.oneof(
    fc.record({
      capability: fc.constant("filesystem"),
      operation: fc.constantFrom("read", "list", "write", "remove", "stat"),
      target: path,
    }),
    fc.record({
      capability: fc.constant("network"),
      operation: fc.constant("connect"),
      target: fc.constantFrom("a:443", "[::1]:443", "a:80", "a", ":", "443"),
    }),
    fc.record({ capability: fc.string(), operation: fc.string(), target: fc.string() }),
  );
  fc.assert(
    fc.property(request, fc.constantFrom(...KERNEL_REFUSALS), (one, seen) => {
      for (const of of [plan, empty])
        expect(grants(of, one) && evidenceOf(of, one, seen) !== null && seen !== "ended").toBe(
          false,
        );
    }),
  );
});

test("whatever a cell claims, the kernel is said to let through nothing that the plan does not grant, and to refuse nothing that it does", () => {
  const target = fc
    .array(fc.constantFrom("srv", "data", "etc", "x"), { minLength: 1, maxLength: 4 })
    .map((parts) => `/${parts.join("/")}`);
  const operation = fc.constantFrom("read", "list", "write", "remove", "stat");
  fc.assert(
    fc.property(target, operation, fc.constantFrom(...KERNEL_PROBES), (path, one, probed) => {
      const request = asked("filesystem", one, path);
      const word = wordOf(plan, request, probed);
      expect(["neither", grants(plan, request) ? "allow" : "deny"]).toContain(
        word?.verdict ?? "neither",
      );
    }),
  );
});
