import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const PACKAGE = path.join(import.meta.dirname, "..");
const README = readFileSync(path.join(PACKAGE, "README.md"), "utf8");

test("the README's program prints what the README says", async () => {
  const [, program = "", output] = /```ts\n(.*?)```\s+```\n(.*?)```/s.exec(README) ?? [];
  // In the package's folder, so that it finds the built package by its name.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module-typescript", "--eval", program],
    { cwd: PACKAGE },
  );
  expect(stdout).toBe(output);
});

test("every option and method that the code has is in the README", () => {
  for (const file of ["recorder/recorder-options.ts", "sdk/options.ts"]) {
    const code = readFileSync(path.join(import.meta.dirname, file), "utf8");
    for (const [, name] of code.matchAll(/^ {2}readonly (\w+)\?:/gm)) {
      expect(README).toContain(`\`${name}\``);
    }
  }
});

test("every variable that the settings read is in the README", () => {
  const settings = readFileSync(path.join(import.meta.dirname, "sdk/settings.ts"), "utf8");
  const read = [...settings.matchAll(/"(OTEL_[A-Z_]+)"/g)].map(([, name]) => name ?? "");
  for (const name of read) expect(README).toContain(name);
});
