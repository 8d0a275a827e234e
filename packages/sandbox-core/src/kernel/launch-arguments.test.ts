import { parsePolicy } from "@pyisolate/policy";
import { expect, test } from "vitest";

import { type Launch, launchArguments } from "./launch-arguments.ts";
import { type KernelPlan, kernelPlan } from "./plan.ts";

function planOf(...rules: object[]): KernelPlan {
  const ruled = rules.map((rule, at) => ({ id: `r${at}`, effect: "allow", ...rule }));
  return kernelPlan(parsePolicy({ version: 1, name: "p", rules: ruled }));
}

const usual = {
  own: { executed: ["/node"], read: ["/cell.cjs"] },
  abi: 7,
  parent: 42,
  descriptors: 5,
  canaries: ["/usr/bin/env", "/etc/passwd"],
  program: ["/node", "/cell.cjs"],
};

function args(plan: KernelPlan, more: Partial<Launch> = {}): string[] {
  return launchArguments({ ...usual, plan, ...more });
}

test("a policy that grants nothing gives the cell its own files and nothing else", () => {
  expect(args(planOf()).join(" ")).toBe(
    "1 abi=7 parent=42 fds=5 commands=0 limit=4:0 limit=8:0 limit=12:0 canary=/usr/bin/env need=5:/node need=4:/cell.cjs try=4:/proc/self/maps -- /node /cell.cjs",
  );
});

test("paths, ports, commands and the user of a plan are passed to the launcher", () => {
  const plan = planOf(
    { capability: "filesystem", operations: ["read", "list"], paths: ["/etc/**"] },
    { capability: "network", hosts: ["a.example:443", "127.0.0.1:8080"] },
    { capability: "subprocess", commands: ["/bin/sh"] },
  );
  const told = args(plan, { user: { uid: 1000, gid: 1001 } });
  expect(told).toEqual(
    expect.arrayContaining([
      "path=c:/etc",
      "connect=443",
      "connect=8080",
      "commands=1",
      "user=1000:1001",
    ]),
  );
  expect(told.filter((arg) => /^path=5:.*\/(?:dash|bash|busybox|sh)$/.test(arg))).toHaveLength(1);
});

test("the canary is a file that the plan does not grant; where it grants all, there is none", () => {
  const grantEtc = planOf({ capability: "filesystem", operations: ["read"], paths: ["/usr/**"] });
  expect(args(grantEtc)).toContain("canary=/etc/passwd");
  const grantAll = planOf({ capability: "filesystem", operations: ["read"], paths: ["/**"] });
  expect(args(grantAll).filter((arg) => arg.startsWith("canary="))).toEqual([]);
});

test("all ports is one word, and so are more than the launcher counts", () => {
  const ports = planOf({ capability: "network", hosts: ["*:*"] });
  expect(args(ports)).toContain("connect=*");
  const many: KernelPlan = { ...ports, ports: Array.from({ length: 4097 }, (_, port) => port + 1) };
  expect(args(many).filter((arg) => arg.startsWith("connect="))).toEqual(["connect=*"]);
});

test("a plan that is too large to start a process with is refused with what to do", () => {
  const paths = Array.from({ length: 400 }, (_, at) => ({
    path: `/${at}${"x".repeat(3000)}`,
    rights: 4,
  }));
  expect(() => args({ ...planOf(), paths })).toThrow(/more than the 1048576 .*name trees/);
});
