import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { ROOT } from "./tarballs.ts";

const PAGES = [
  "README.md",
  "packages/policy/README.md",
  "packages/sandbox-core/README.md",
  "packages/telemetry/README.md",
  "docs/runbook.md",
  "examples/stack/README.md",
];

test("the README's program and policy are the files that are run", async () => {
  const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
  expect(block(readme, "ts")).toBe(
    await readFile(path.join(ROOT, "examples/quickstart.ts"), "utf8"),
  );
  expect(block(readme, "yaml")).toBe(
    await readFile(path.join(ROOT, "examples/policy.yaml"), "utf8"),
  );
});

test("the README's output is what the program prints, but for ids and the time", async () => {
  const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
  const { stdout } = await promisify(execFile)(process.execPath, ["quickstart.ts"], {
    cwd: path.join(ROOT, "examples"),
    env: {},
  });
  expect(masked(block(readme, "", readme.indexOf("It prints:")))).toBe(masked(stdout));
});

test.each(PAGES)("every file that %s points to is there", async (page) => {
  const text = await readFile(path.join(ROOT, page), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? "");
  expect(links.filter((link) => !existsSync(path.join(ROOT, path.dirname(page), link)))).toEqual(
    [],
  );
});

function block(markdown: string, language: string, from = 0): string {
  return (
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(markdown.slice(from))?.[1] ?? ""
  );
}

function masked(output: string): string {
  return output.replace(/"id": "[^"]+"/, `"id": "…"`).replace(/"time": "[^"]+"/, `"time": "…"`);
}
