import { expect, test } from "vitest";

import { folderWith, POLICY } from "../testing/folder.ts";
import { runCommand } from "../testing/run-command.ts";

test("it says of each rule how the kernel holds it, and what all of them let through", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const { code, stdout, stderr } = await runCommand(["plan", "policy.yaml"], { cwd: folder.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^Kernel plan of the policy plugins \([0-9a-f]{16}\)\n/);
  expect(stdout).toMatch(/^ {2}dotenv {2}deny filesystem: broker only$/m);
  expect(stdout).toMatch(/^ {2}TCP {7}443$/m);
});

test("--json is the plan itself", async () => {
  using folder = folderWith({ "policy.yaml": POLICY });
  const { code, stdout } = await runCommand(["plan", "policy.yaml", "--json"], {
    cwd: folder.path,
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ policyName: "plugins", ports: [443], commands: [] });
});

test("a policy with mistakes has no plan", async () => {
  using folder = folderWith({ "policy.yaml": "rules: 1\n" });
  const { code, stdout, stderr } = await runCommand(["plan", "policy.yaml"], { cwd: folder.path });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^policy\.yaml:1: rules: /m);
});
