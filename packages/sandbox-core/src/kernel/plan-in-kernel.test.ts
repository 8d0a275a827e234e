import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { decide, type Operation, parsePolicy, type Policy } from "@pyisolate/policy";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type Call, Probe } from "../../../launcher/src/testing/confined.ts";
import { type KernelPlan, kernelPlan } from "./plan.ts";

// The plan of a policy, held by the running kernel: native code under it tries everything in a small tree.

const EACCES = -13;
const [O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY] = [1, 0o100, 0o200, 0o200000];
const NAMES = ["a", "b"];

let probe: Probe;
let root: string;
const directories: string[] = [];
const files: string[] = [];

beforeAll(async () => {
  probe = await Probe.make();
  root = path.join(realpathSync(probe.folder), "tree");
  const fill = (folder: string, depth: number): void => {
    mkdirSync(folder);
    directories.push(folder);
    writeFileSync(path.join(folder, "f"), "x");
    files.push(path.join(folder, "f"));
    if (depth > 0) for (const name of NAMES) fill(path.join(folder, name), depth - 1);
  };
  fill(root, 2);
});
afterAll(async () => await probe[Symbol.asyncDispose]());

const segment = fc.constantFrom("a", "a", "b", "f", "*", "**");
const rule = fc.record({
  effect: fc.constantFrom("allow", "allow", "allow", "deny"),
  operations: fc.uniqueArray(fc.constantFrom("read", "list", "write"), { minLength: 1 }),
  below: fc.array(segment, { maxLength: 3 }),
});

function policyOf(
  rules: readonly { effect: string; operations: string[]; below: string[] }[],
): Policy {
  return parsePolicy({
    version: 1,
    name: "p",
    rules: rules.map(({ below, ...each }, at) => ({
      id: `r${at}`,
      capability: "filesystem",
      ...each,
      paths: [[root, ...below].join("/")],
    })),
  });
}

interface Attempt {
  readonly operation: Operation;
  readonly target: string;
  readonly call: Call;
}

function attempts(): Attempt[] {
  const open = (target: string, flags: number): Call => [
    "openat",
    -100,
    `s:${target}`,
    flags,
    0o600,
  ];
  return [
    ...files.flatMap((target): Attempt[] => [
      { operation: "read", target, call: open(target, 0) },
      { operation: "write", target, call: open(target, O_WRONLY) },
    ]),
    ...directories.map((target): Attempt => ({
      operation: "list",
      target,
      call: open(target, O_DIRECTORY),
    })),
    ...directories.map((folder): Attempt => {
      const target = path.join(folder, "new");
      return { operation: "write", target, call: open(target, O_WRONLY | O_CREAT | O_EXCL) };
    }),
  ];
}

function argumentsOf({ paths }: KernelPlan): string[] {
  return paths.map((grant) => `path=${grant.rights.toString(16)}:${grant.path}`);
}

test("the kernel lets through all that the policy allows, and no more where every rule is exact", async () => {
  const tried = attempts();
  let exact = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 3 }), async (rules) => {
      const policy = policyOf(rules);
      const plan = kernelPlan(policy);
      const { results, stderr } = await probe.run(
        argumentsOf(plan),
        tried.map(({ call }) => call),
      );
      for (const { target } of tried)
        if (target.endsWith("/new") && existsSync(target)) rmSync(target);
      expect([stderr, results.length]).toEqual(["", tried.length]);
      const of = (wanted: boolean): string[] =>
        tried
          .filter(({ operation, target }, at) => {
            const { effect } = decide(policy, { capability: "filesystem", operation, target });
            const isAllowed = effect === "allow";
            const wasLet = results[at] !== EACCES;
            return isAllowed === wanted && wasLet !== wanted;
          })
          .map(({ operation, target }) => `${operation} ${target}`);
      expect(of(true)).toEqual([]);
      if (plan.rules.some(({ hold }) => hold === "wider")) return;
      exact += 1;
      expect(of(false)).toEqual([]);
    }),
    { numRuns: 150 },
  );
  expect(exact).toBeGreaterThan(10);
});
