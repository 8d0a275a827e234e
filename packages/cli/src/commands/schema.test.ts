import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { runCommand } from "../testing/run-command.ts";

test("it prints the schema that the policy package ships", async () => {
  const { code, stdout } = await runCommand(["schema"]);
  expect(code).toBe(0);
  const file = fileURLToPath(import.meta.resolve("@pyisolate/policy/schema.json"));
  expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(file, "utf8")));
});
