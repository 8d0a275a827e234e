import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { ROOT } from "./tarballs.ts";

/** Runs a file of the examples as their README says. */
async function run(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: path.join(ROOT, "examples"),
    // Without this, a runner of tests that is started by another reports to it, and not on stdout.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    timeout: 60_000,
  });
  return stdout;
}

test("the example of Node's own permission model runs under it, and counts what was refused", async () => {
  const stdout = await run("--permission", "--allow-fs-read=..", "node-permission.ts");
  expect(stdout).toMatch(/^.*allow-fs-read.*\n.*allow-worker.*\nenforced 2\n$/);
});

test("the example of a guard of one's own has tests, which pass", async () => {
  const stdout = await run("--test", "--test-reporter=tap", "reports-guard.test.ts");
  expect(stdout).toMatch(/^# pass 3$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
