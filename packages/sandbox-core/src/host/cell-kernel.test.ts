import { parsePolicy } from "@pyisolate/policy";
import { beforeEach, expect, test } from "vitest";

import { Confinement } from "../kernel/confinement.ts";
import { kernelPlan, type KernelPlan } from "../kernel/plan.ts";
import { policyOf } from "../testing/cells.ts";
import { CellKernel, type Narrower } from "./cell-kernel.ts";

const confinement = Confinement.prepare("require", {
  code: [],
  addons: [],
  descriptors: 5,
  canNarrow: true,
});

function planOf(...ports: number[]): KernelPlan {
  const hosts = ports.map((port) => `127.0.0.1:${port}`);
  const rule = { id: "r", effect: "allow", capability: "network", operations: ["connect"], hosts };
  return kernelPlan(parsePolicy(policyOf(ports.length === 0 ? [] : [rule])));
}

let current: KernelPlan;
let kernel: CellKernel;
beforeEach(() => {
  current = planOf(1, 2, 3);
  kernel = new CellKernel(confinement?.confined(current), {
    current: () => current,
    renewed: () => current,
    replaced: () => undefined,
  });
});

/** What the kernel says to connections to ports 1 to 4 that the broker has refused. */
const words = (): (string | undefined)[] =>
  [1, 2, 3, 4].map(
    (port) =>
      kernel.word(
        { capability: "network", operation: "connect", target: `127.0.0.1:${port}` },
        null,
      )?.verdict,
  );

function begun(...ports: number[]): Narrower {
  current = planOf(...ports);
  const narrower = kernel.narrower();
  if (narrower === undefined) throw new Error("nothing is taken away");
  kernel.begin(narrower);
  return narrower;
}

test("nothing is put on for an equal plan, or one that only adds", () => {
  expect([kernel.narrower(), kernel.isStale]).toEqual([undefined, false]);
  current = planOf(1, 2, 3, 4);
  expect([kernel.narrower(), kernel.isStale]).toEqual([undefined, true]);
});

test("while a layer is put on, nothing is said of what it takes away", () => {
  const narrower = begun(1, 2);
  expect([words(), kernel.isStale]).toEqual([["allow", "allow", undefined, "deny"], true]);
  kernel.end(narrower, "all");
  expect([words(), kernel.isStale]).toEqual([["allow", "allow", "deny", "deny"], false]);
  expect(kernel.narrower()).toBeUndefined();
});

test("where no thread has it, all is as it was, and the cell is stale", () => {
  kernel.end(begun(1, 2), "none");
  expect([words(), kernel.isStale]).toEqual([["allow", "allow", "allow", "deny"], true]);
});

test("where some threads have it, nothing is said of it from then on, and the cell stays stale", () => {
  kernel.end(begun(1, 2), "some");
  expect([words(), kernel.isStale]).toEqual([["allow", "allow", undefined, "deny"], true]);
  kernel.end(begun(1, 3), "all");
  expect([words(), kernel.isStale]).toEqual([["allow", "deny", undefined, "deny"], true]);
  kernel.end(begun(1), "all");
  expect([words(), kernel.isStale]).toEqual([["allow", "deny", "deny", "deny"], true]);
});

test("a refusal of what was given up is evidence, and stale where the policy grants it again", () => {
  const asked = { capability: "network", operation: "connect", target: "127.0.0.1:3" };
  expect(kernel.refusal(asked, "hook")).toBeNull();
  kernel.end(begun(1, 2), "all");
  expect(kernel.refusal(asked, "hook")).toEqual({ evidence: "ruleset+errno", isStale: false });
  current = planOf(1, 2, 3);
  expect(kernel.refusal(asked, "hook")).toEqual({ evidence: "ruleset+errno", isStale: true });
  // It was there when the process was started, so the filter lets sockets be made.
  kernel.end(begun(), "all");
  expect(kernel.refusal(asked, "filter")).toBeNull();
});
