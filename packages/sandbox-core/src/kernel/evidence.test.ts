import { parsePolicy } from "@pyisolate/policy";
import fc from "fast-check";
import { expect, test } from "vitest";

import { KERNEL_REFUSALS } from "../frames.ts";
import type { Disk } from "./disk.ts";
import { type Asked, evidenceOf, grants } from "./evidence.ts";
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
const asked = (capability: string, operation: string, target: string): Asked => ({
  capability,
  operation,
  target,
});

const plan = planOf(
  { capability: "filesystem", operations: ["read", "list"], paths: ["/srv/data/**"] },
  { capability: "network", hosts: ["api.example.com:443"] },
  { capability: "subprocess", commands: ["/usr/bin/git"] },
);
const empty = planOf();

test.each<[string, KernelPlan, Asked, (typeof KERNEL_REFUSALS)[number], string | null]>([
  [
    "a file outside, that permissions allow",
    plan,
    asked("filesystem", "read", "/etc/passwd"),
    "differential",
    "differential+ruleset",
  ],
  [
    "a listing outside",
    plan,
    asked("filesystem", "list", "/etc"),
    "differential",
    "differential+ruleset",
  ],
  ["a file inside", plan, asked("filesystem", "read", "/srv/data/x"), "differential", null],
  [
    "a new file inside what is only read",
    plan,
    asked("filesystem", "write", "/srv/data/x"),
    "hook",
    "ruleset+errno",
  ],
  [
    "a removal outside",
    plan,
    asked("filesystem", "remove", "/etc/passwd"),
    "hook",
    "ruleset+errno",
  ],
  [
    "a read, for which nothing comes before permissions",
    plan,
    asked("filesystem", "read", "/etc/passwd"),
    "hook",
    null,
  ],
  [
    "a look, which Landlock does not govern",
    plan,
    asked("filesystem", "stat", "/etc/passwd"),
    "differential",
    null,
  ],
  [
    "another port",
    plan,
    asked("network", "connect", "api.example.com:80"),
    "hook",
    "ruleset+errno",
  ],
  ["a granted port", plan, asked("network", "connect", "other.example.com:443"), "hook", null],
  [
    "a socket, where there are some",
    plan,
    asked("network", "connect", "a.example.com:80"),
    "filter",
    null,
  ],
  [
    "a socket, where there is none",
    empty,
    asked("network", "connect", "a.example.com:80"),
    "filter",
    "seccomp-errno",
  ],
  [
    "a connection, where there is no socket",
    empty,
    asked("network", "connect", "a.example.com:80"),
    "hook",
    null,
  ],
  [
    "another command",
    plan,
    asked("subprocess", "exec", "/usr/bin/nowhere"),
    "differential",
    "differential+ruleset",
  ],
  ["a granted command", plan, asked("subprocess", "exec", "/usr/bin/git"), "differential", null],
  [
    "a process, where there are some",
    plan,
    asked("subprocess", "exec", "/usr/bin/id"),
    "filter",
    null,
  ],
  [
    "a process, where there is none",
    empty,
    asked("subprocess", "exec", "/usr/bin/id"),
    "filter",
    "seccomp-errno",
  ],
  ["random numbers", plan, asked("random", "read", ""), "filter", null],
  ["a module", plan, asked("import", "load", "node:fs"), "differential", null],
])("%s", (_what, of, request, seen, evidence) => {
  expect(evidenceOf(of, request, seen)).toBe(evidence);
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
        expect(grants(of, one) && evidenceOf(of, one, seen) !== null).toBe(false);
    }),
  );
});
