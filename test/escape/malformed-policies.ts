import assert from "node:assert/strict";

import { InvalidPolicyError, parsePolicy, type PolicyInput } from "@pyisolate/policy";
import { Supervisor } from "@pyisolate/sandbox-core";

import { arena, failureOf } from "./arena/arena.ts";

const cyclic: Record<string, unknown> = { version: 1, name: "x", rules: [] };
cyclic["limits"] = cyclic;
let deep: unknown = 1;
for (let level = 0; level < 10_000; level++) deep = [deep];
const rule = { id: "a", effect: "allow", capability: "random" };
const trap = new Proxy(
  {},
  {
    get: () => {
      throw new Error("trap");
    },
    ownKeys: () => {
      throw new Error("trap");
    },
  },
);

const malformed: readonly unknown[] = [
  undefined,
  null,
  1,
  "",
  "{",
  "a: [",
  "version: 1\nname: x\nrules: !!js/function 'x'",
  "&a [*a]",
  "x".repeat(2_000_000),
  [],
  () => 1,
  Symbol("x"),
  trap,
  cyclic,
  deep,
  { version: 1 },
  { version: 2, name: "x", rules: [] },
  { version: 1, name: "x", rules: {} },
  { version: 1, name: "x", rules: deep },
  { version: 1, name: "\u202e", rules: [] },
  { version: 1, name: "x", rules: [], surplus: 1 },
  { version: 1, name: "x", rules: [rule, rule] },
  { version: 1, name: "x", rules: [{ ...rule, id: "default" }] },
  { version: 1, name: "x", rules: [{ ...rule, id: "limit.cpu" }] },
  { version: 1, name: "x", rules: [{ ...rule, effect: "alow" }] },
  { version: 1, name: "x", rules: [{ ...rule, capability: "filesystem" }] },
  { version: 1, name: "x", rules: [{ ...rule, capability: "filesystem", path: ["/x"] }] },
  {
    version: 1,
    name: "x",
    rules: [{ ...rule, capability: "filesystem", paths: ["relative", "/a/../b", "/nul\0"] }],
  },
  {
    version: 1,
    name: "x",
    rules: [{ ...rule, capability: "network", hosts: ["x", "http://x:1", "x:99999"] }],
  },
  { version: 1, name: "x", rules: [], limits: { cpu_ms: -1 } },
  { version: 1, name: "x", rules: [], limits: { wall_ms: "5s" } },
  JSON.parse('{"version": 1, "name": "x", "rules": [], "__proto__": {"a": 1}}'),
  `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\ne: &e [*d, *d]\nf: &f [*e, *e]\ng: [*f, *f]`,
];

await arena({ token: "right", rules: [] }, async ({ spawn, supervisor }) => {
  const cell = await spawn();
  const hash = supervisor.policy.hash;
  for (const [index, given] of malformed.entries()) {
    // As a caller without types would.
    const policy = given as PolicyInput;
    for (const attempt of [() => parsePolicy(policy), () => new Supervisor({ policy, pool: 0 })]) {
      assert.throws(attempt, (error) => {
        assert.ok(error instanceof InvalidPolicyError, `policy ${index}: ${String(error)}`);
        assert.ok(error.issues.length > 0 && error.message.length < 100_000);
        for (const { message } of error.issues)
          assert.ok(message !== "", `policy ${index} does not say what is wrong`);
        return true;
      });
    }
    assert.ok(
      (await failureOf(supervisor.reloadPolicy(policy, "right"))) instanceof InvalidPolicyError,
    );
  }
  // The old one stays in force.
  assert.equal(supervisor.policy.hash, hash);
  await failureOf(cell.exec("Math.random()"));
  return 1;
});
